import type { Session } from '@parley/protocol';
import { eventually as soon } from '@parley/testing';
import type {
  Browser,
  BrowserContext,
  BrowserContextOptions,
  Page,
  Route,
  WebSocketRoute,
} from 'playwright-core';
import type { Stack } from '../stack.js';
import { expectBrowser, sharedBrowser } from './shared-browser.js';

/** How a page is opened. */
export interface OpenOptions extends BrowserContextOptions {
  /** Host of the site's address. @defaultValue 127.0.0.1 */
  readonly host?: string;
  /** @defaultValue / */
  readonly path?: string;
  /** Only this gateway, by index. @defaultValue any */
  readonly gateway?: number;
  /** One more page of this person's. @defaultValue a browser of its own */
  readonly of?: BrowserContext;
}

/** What people do in a browser's pages. Every page has a context, and so a log-in, of its own, unless it is said whose it is. */
export class Pages {
  /** What pages threw, and what their content security policy forbade. */
  readonly problems: string[] = [];
  readonly #contexts = new Set<BrowserContext>();

  private constructor(
    private readonly stack: Stack,
    private readonly browser: Browser,
  ) {}

  /** In the browser of this suite, which ends by `stopBrowser()`. */
  static async launch(stack: Stack): Promise<Pages> {
    return new Pages(stack, await sharedBrowser());
  }

  /** Closes what is open still. @throws {Error} when the browser has crashed. */
  async close(): Promise<void> {
    expectBrowser(this.browser);
    await Promise.all([...this.#contexts].map((context) => context.close()));
  }

  /** One person's browser: its pages share what is stored. In English on a laptop unless told otherwise. */
  async person(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    expectBrowser(this.browser);
    const viewport = { width: 1_200, height: 800 };
    const context = await this.browser.newContext({ viewport, locale: 'en-US', ...options });
    this.#contexts.add(context);
    context.once('close', () => this.#contexts.delete(context));
    return context;
  }

  /** The site. @param session - Of whoever has logged in there before. @defaultValue nobody */
  async open(
    { host, path = '/', gateway, of, ...options }: OpenOptions = {},
    session?: Session,
  ): Promise<Page> {
    const context = of ?? (await this.person(options));
    const page = await context.newPage();
    page.on('pageerror', (error) => this.problems.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error' && /content security policy|refused to/i.test(message.text()))
        this.problems.push(message.text());
    });
    if (gateway !== undefined) await this.useGateway(page, gateway);
    const url = new URL(path, this.stack.webUrl);
    if (host !== undefined) url.hostname = host;
    if (session) {
      // Something small of the same origin: storage is an origin's.
      await page.goto(new URL('/icon.svg', url).href);
      await page.evaluate((stored) => (localStorage['parley.session'] = stored), JSON.stringify(session));
    }
    await page.goto(url.href);
    return page;
  }

  /**
   * The site with somebody who has logged in before, connected: the form takes a second each time, and has tests of its own.
   *
   * @param name - An account whose password is 111111.
   */
  async login(name: string, options?: OpenOptions): Promise<Page> {
    const page = await this.open(options, await this.stack.api().login(name, '111111'));
    await online(page);
    return page;
  }

  /**
   * As a page of a site with that gateway alone. Not by a route of Playwright's: where it has one it answers preflights itself,
   * and nobody would see what CORS does not allow.
   */
  private async useGateway(page: Page, index: number): Promise<void> {
    const port = Number(new URL(this.stack.gateway(index).wsUrl).port);
    await page.addInitScript((wsPort) => {
      const ask = window.fetch.bind(window);
      window.fetch = async (resource, options) => {
        const response = await ask(resource, options);
        if (resource !== '/config.json' || !response.ok) return response;
        return Response.json({ ...(await response.json()), wsPorts: [wsPort] });
      };
    }, port);
  }
}

/** How long a slow machine may take for something that is not quick there, milliseconds. */
export const patience = { timeout: 40_000 } as const;

/** The same with that patience. */
export const eventually: typeof soon = (check, options) =>
  soon(check, { timeoutMs: patience.timeout, ...options });

/** What is read from a page, as soon as it is the same a few frames later: nothing moves any more. */
export function settled<T>(page: Page, read: () => Promise<T>): Promise<T> {
  return eventually(async () => {
    const before = await read();
    await page.evaluate(
      () => new Promise((resolve) => setTimeout(() => requestAnimationFrame(resolve), 100)),
    );
    const value = await read();
    if (JSON.stringify(value) !== JSON.stringify(before)) throw new Error('it still moves');
    return value;
  });
}

/** Sends a message. */
export async function say(page: Page, text: string): Promise<void> {
  await page.getByTestId('composer').fill(text);
  await page.getByTestId('composer').press('Enter');
}

/** Waits until a message with this text is on the page. @throws {Error} when it is not in time, with what is there instead. */
export async function shows(page: Page, text: string): Promise<void> {
  try {
    await page.getByTestId('message-text').filter({ hasText: text }).first().waitFor();
  } catch (cause) {
    throw new Error(`"${text}" is not shown: ${await whatIsThere(page)}`, { cause });
  }
}

/** How a page stands, for whoever reads why a test failed. */
const whatIsThere = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const list = document.querySelector('[data-testid=message-list]');
    const seqs = [...document.querySelectorAll('[data-testid=message]')].map((row) =>
      row.getAttribute('data-seq'),
    );
    return JSON.stringify({
      path: location.pathname,
      connection: document.querySelector('[data-testid=connection-state]')?.getAttribute('data-state'),
      isBusy: list?.getAttribute('aria-busy'),
      seqs: [seqs.length, seqs[0], seqs.at(-1)],
      isBehind: document.querySelector('[data-testid=jump-to-latest]') !== null,
      visibility: document.visibilityState,
      text: (list ?? document.body).textContent?.slice(-200),
    });
  });

/** Lets a page take user 999999 for somebody, whose messages the server then refuses for good. */
export const asIfThere = (route: Route): Promise<void> =>
  route.fulfill({
    headers: { 'access-control-allow-origin': '*' },
    json: { userId: 999_999, userName: 'nobody', online: false },
  });

/** Fills in the form of the log-in page and sends it. */
export async function fillLogin(page: Page, name: string): Promise<void> {
  await page.getByTestId('login-name').fill(name);
  await page.getByTestId('login-password').fill('111111');
  await page.getByTestId('login-submit').click();
}

/** Waits until the page can be written on and has its connection. */
export async function online(page: Page): Promise<void> {
  await page.getByTestId('composer').waitFor();
  await page.locator('[data-testid=connection-state][data-state=online]').waitFor({ state: 'attached' });
}

/** A message by its text, whatever became of it. */
export const message = (page: Page, text: string) =>
  page.getByTestId('message').filter({ has: page.getByTestId('message-text').filter({ hasText: text }) });

/** Waits until the server has a message of one's own. */
export const sent = (page: Page, text: string) =>
  message(page, text).and(page.locator('[data-status=sent]')).first().waitFor();

/** Closes pages with their browsers. */
export const close = (...pages: Page[]) => Promise.all(pages.map((page) => page.context().close()));

/** The way from one person's browser to Parley. Make it before their first page; the site itself stays in reach. */
export class Network {
  #isCut = false;
  readonly #sockets = new Set<WebSocketRoute>();
  readonly #silent = new Set<WebSocketRoute>();

  private constructor(private readonly person: BrowserContext) {}

  static async of(person: BrowserContext): Promise<Network> {
    const network = new Network(person);
    await person.routeWebSocket(/\/ws$/, (socket) => {
      if (network.#isCut) return void socket.close();
      const server = socket.connectToServer();
      network.#sockets.add(socket);
      socket.onMessage((text) => {
        if (!network.#silent.has(socket)) server.send(text);
      });
      server.onMessage((text) => {
        if (!network.#silent.has(socket)) socket.send(text);
      });
    });
    return network;
  }

  /** Connections end, and nothing goes through until `restore`. */
  async cut(): Promise<void> {
    this.#isCut = true;
    await this.person.route(/\/v1\//, (route) => route.abort());
    await Promise.all([...this.#sockets].map((socket) => socket.close()));
    this.#sockets.clear();
  }

  /** As after a sleep: the connections there are look open, and nothing comes through. New ones work. */
  silence(): void {
    for (const socket of this.#sockets) this.#silent.add(socket);
  }

  async restore(): Promise<void> {
    this.#isCut = false;
    await this.person.unroute(/\/v1\//);
  }
}

/** How far an element is from being scrolled to its end, pixels. For `evaluate`. */
export const distanceToEnd = ({ scrollHeight, scrollTop, clientHeight }: Element) =>
  scrollHeight - scrollTop - clientHeight;

/** Frames on their way to one person's pages that do not come yet. Make it before their first page. */
export class HeldFrames {
  readonly #held: { readonly text: string; send(): void }[] = [];
  #isHolding = false;

  private constructor() {}

  /** @param which - The frames that are held back while it holds, by their text. */
  static async of(person: BrowserContext, which: (text: string) => boolean): Promise<HeldFrames> {
    const frames = new HeldFrames();
    await person.routeWebSocket(/\/ws$/, (socket) => {
      const server = socket.connectToServer();
      socket.onMessage((frame) => server.send(frame));
      server.onMessage((frame) => {
        const text = String(frame);
        if (frames.#isHolding && which(text)) frames.#held.push({ text, send: () => socket.send(frame) });
        else socket.send(frame);
      });
    });
    return frames;
  }

  /** What is held back. */
  get texts(): string[] {
    return this.#held.map(({ text }) => text);
  }

  hold(): void {
    this.#isHolding = true;
  }

  /** Lets all of it come, in order. */
  release(): void {
    this.#isHolding = false;
    for (const { send } of this.#held.splice(0)) send();
  }
}

/** Says something in a room as a user without a page, over HTTP. */
export async function post(stack: Stack, token: string, roomId: number, msg: string): Promise<void> {
  const response = await fetch(`${stack.apiUrl}/v1/rooms/${roomId}/messages`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${token}`,
      'idempotency-key': crypto.randomUUID(),
    },
    body: JSON.stringify({ msg }),
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
}
