import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import type { Stack } from '../stack.js';

const executablePath = process.env['PARLEY_CHROMIUM'] ?? '/usr/bin/chromium';
/** A name that nobody has allowed to call; it leads to this machine. */
export const strangeHost = 'chat.example';
const args = [
  '--no-sandbox',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  `--host-resolver-rules=MAP ${strangeHost} 127.0.0.1`,
];

/** How a page is opened. */
export interface OpenOptions extends BrowserContextOptions {
  /** Host of the site's address. @defaultValue 127.0.0.1 */
  readonly host?: string;
  /** @defaultValue / */
  readonly path?: string;
  /** Only this gateway, by index. @defaultValue any */
  readonly gateway?: number;
}

/** A browser, and what people do in its pages. Every page has a context, and so a log-in, of its own. */
export class Pages {
  /** What pages threw, and what their content security policy forbade. */
  readonly problems: string[] = [];

  private constructor(
    private readonly stack: Stack,
    private readonly browser: Browser,
  ) {}

  static async launch(stack: Stack): Promise<Pages> {
    return new Pages(stack, await chromium.launch({ executablePath, args }));
  }

  close(): Promise<void> {
    return this.browser.close();
  }

  /** The site, in English on a laptop unless told otherwise. */
  async open({ host, path = '/', gateway, ...options }: OpenOptions = {}): Promise<Page> {
    const viewport = { width: 1_200, height: 800 };
    const context = await this.browser.newContext({ viewport, locale: 'en-US', ...options });
    const page = await context.newPage();
    page.on('pageerror', (error) => this.problems.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error' && /content security policy|refused to/i.test(message.text()))
        this.problems.push(message.text());
    });
    if (gateway !== undefined) await this.useGateway(page, gateway);
    const url = new URL(path, this.stack.webUrl);
    if (host !== undefined) url.hostname = host;
    await page.goto(url.href);
    return page;
  }

  /** The site with somebody logged in, and connected. @param name - An account whose password is 111111. */
  async login(name: string, options?: OpenOptions): Promise<Page> {
    const page = await this.open(options);
    await page.getByTestId('login-name').fill(name);
    await page.getByTestId('login-password').fill('111111');
    await page.getByTestId('login-submit').click();
    await page.getByTestId('composer').waitFor();
    return page;
  }

  /** As a page of a site with that gateway alone. */
  private async useGateway(page: Page, index: number): Promise<void> {
    const port = Number(new URL(this.stack.gateway(index).wsUrl).port);
    await page.route('**/config.json', async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: { ...(await response.json()), wsPorts: [port] } });
    });
  }
}

/** Sends a message. */
export async function say(page: Page, text: string): Promise<void> {
  await page.getByTestId('composer').fill(text);
  await page.getByTestId('composer').press('Enter');
}

/** Waits until a message with this text is on the page. */
export const shows = (page: Page, text: string): Promise<void> =>
  page.getByTestId('message-text').filter({ hasText: text }).first().waitFor();
