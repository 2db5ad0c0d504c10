import { ParleyApi, ParleyClient, webSocketTransport, type SendResult } from '@parley/client';
import WebSocket from 'ws';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { percentile } from './percentile.js';
import { registered } from './registered.js';
import type { Figure, WebOptions } from './figure.js';
import { busiestShares, threadTimes } from './thread-times.js';

/** Each below the limit of sends per user. */
const SENDS_PER_USER_PER_SECOND = 10;
/** A keystroke now and then, as somebody writes. */
const KEY_INTERVAL_MS = 150;
const WARM_UP_S = 8;
/** A page that cannot keep up is still measured. */
const PATIENCE_MS = 180_000;
const LOOK_INTERVAL_MS = 200;
/** The timeline is full before it is measured: then a message that comes makes another one go. */
const FILL = 550;

/** How long the page is watched at full speed first. */
const OWN_WORK_S = 8;
/** Of the time, per cent. With more the figures below are those of a machine that is too busy, not of the page. */
const mostWaiting = 5;

interface Seen {
  readonly keysMs: readonly number[];
  /** When each message was on the screen, by seq; milliseconds since 1970. */
  readonly paintedAt: readonly (readonly [number, number])[];
}

/**
 * A room in which much is said, read by somebody on a slow machine who writes meanwhile. A second member without a
 * browser tells when each message was delivered.
 */
export async function measureBusyRoom(browser: Browser, options: WebOptions): Promise<readonly Figure[]> {
  const { api: baseUrl, rate, seconds } = options;
  const stamp = Date.now().toString(36);
  const anonymous = new ParleyApi({ baseUrl });
  const count = Math.max(2, Math.ceil(rate / SENDS_PER_USER_PER_SECOND));
  const tokens: string[] = [];
  for (let i = 0; i < count; i++) tokens.push((await registered(anonymous, `busy-${stamp}-${i}`)).token);
  const api = new ParleyApi({ baseUrl, getToken: () => tokens[0] });
  const { roomId } = await api.createRoom(`busy ${stamp}`);

  const page = await opened(browser, options, roomId);
  const config = (await (await fetch(new URL('config.json', options.site))).json()) as {
    wsUrls: string[] | null;
    wsPorts: number[];
    wsPath: string;
  };
  const wsUrl =
    config.wsUrls?.[0] ?? `ws://${new URL(options.site).hostname}:${config.wsPorts[0]}${config.wsPath}`;
  const senders = tokens.map(
    (token) =>
      new ParleyClient({ transport: webSocketTransport(() => wsUrl, { WebSocket }), getToken: () => token }),
  );
  for (const sender of senders) {
    sender.connect();
    await sender.join(roomId);
  }
  const deliveredAt = new Map<number, number>();
  senders[0]?.on('message', ({ seq }) => deliveredAt.set(seq, performance.timeOrigin + performance.now()));

  /** Over when the server has all of it. @returns The last seq. */
  const talk = async (total: number, perSecond: number): Promise<number> => {
    const results: Promise<SendResult>[] = [];
    const startedAt = performance.now();
    for (let i = 0; i < total; i++) {
      const waitMs = startedAt + (i * 1_000) / perSecond - performance.now();
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      const sender = senders[i % senders.length];
      if (sender) results.push(sender.send(roomId, said(i)).result);
    }
    const seqs = (await Promise.all(results)).map((result) =>
      result.status === 'acked' ? result.ack.seq : 0,
    );
    return Math.max(...seqs);
  };
  const cdp = await page.context().newCDPSession(page);
  // The time of the thread, slowed down as it is; not that in which other programs had the processor.
  await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
  await talk(FILL, rate * 2);
  const own = await ownWork(browser, async () => {
    await Promise.all([talk(rate * OWN_WORK_S, rate), typeSlowly(page, OWN_WORK_S)]);
  });
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: options.slowdown });
  const warmUpTo = await talk(rate * WARM_UP_S, rate);

  await page.evaluate(watch);
  const timesBefore = await threadTimes(browser);
  const before = await busyMs(cdp);
  const typing = typeSlowly(page, seconds);
  const lastSeq = await talk(rate * seconds, rate);
  await typing;
  const after = await busyMs(cdp);
  const timesAfter = await threadTimes(browser);
  const { keysMs, paintedAt } = await seenUpTo(page, lastSeq);
  for (const sender of senders) void sender.close();
  await page.context().close();

  const latenessMs = paintedAt
    .filter(([seq]) => seq > warmUpTo)
    .map(([seq, at]) => at - (deliveredAt.get(seq) ?? at))
    .sort((a, b) => a - b);
  const keys = [...keysMs].sort((a, b) => a - b);
  const waited = busiestShares(timesBefore, timesAfter, after.atMs - before.atMs)?.waited;
  const share = (100 * (after.taskMs - before.taskMs)) / (after.atMs - before.atMs);
  return [
    ...(own === undefined
      ? []
      : [
          {
            name: `main thread's own work, times ${options.slowdown}`,
            value: own * options.slowdown,
            unit: '%',
          },
        ]),
    ...(waited === undefined
      ? []
      : [{ name: 'main thread waited for a processor', value: waited, unit: '%', most: mostWaiting }]),
    {
      name: `messages never shown, of ${lastSeq - warmUpTo}`,
      value: lastSeq - warmUpTo - latenessMs.length,
      unit: '',
      most: 0,
    },
    { name: `main thread at ${rate} messages/s`, value: share, unit: '%', most: 50 },
    { name: `key to frame, p95 of ${keys.length}`, value: percentile(keys, 0.95), unit: 'ms', most: 50 },
    { name: 'delivered to on the screen, p50', value: percentile(latenessMs, 0.5), unit: 'ms' },
    {
      name: 'delivered to on the screen, the latest',
      value: percentile(latenessMs, 1),
      unit: 'ms',
      most: 100,
    },
  ];
}

/**
 * Share of the time in which the main thread runs at full speed, per cent: what the page does by itself, whatever else the
 * machine has to do. Undefined where nobody tells.
 */
async function ownWork(browser: Browser, work: () => Promise<void>): Promise<number | undefined> {
  const before = await threadTimes(browser);
  const startedAt = performance.now();
  await work();
  return busiestShares(before, await threadTimes(browser), performance.now() - startedAt)?.ran;
}

/** Sentences of different lengths, some with a link. */
function said(i: number): string {
  const words = 'when the class begins everybody writes at once and all of it has to be read 你好 👋'.split(
    ' ',
  );
  const text = Array.from({ length: 3 + (i % 17) }, (_, j) => words[(i + j) % words.length]).join(' ');
  return i % 10 === 0 ? `${text} https://example.org/${i}` : text;
}

async function opened(browser: Browser, { site }: WebOptions, roomId: number): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1_280, height: 800 }, locale: 'en-US' });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  await page.goto(new URL(`rooms/${roomId}`, site).href);
  await page.getByTestId('login-name').fill('demo');
  await page.getByTestId('login-password').fill('111111');
  await page.getByTestId('login-submit').click();
  await page.getByTestId('composer').waitFor();
  await page.locator('[data-testid=connection-state][data-state=online]').waitFor({ state: 'attached' });
  return page;
}

async function typeSlowly(page: Page, seconds: number): Promise<void> {
  await page.getByTestId('composer').focus();
  const until = performance.now() + seconds * 1_000;
  for (let i = 0; performance.now() < until; i++) {
    const nextAt = performance.now() + KEY_INTERVAL_MS;
    await page.keyboard.press(i % 30 === 29 ? 'Backspace' : 'abcdefgh '.charAt(i % 9));
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, nextAt - performance.now())));
  }
}

/** Waits until a message was painted. @throws {Error} when it never was. */
async function seenUpTo(page: Page, lastSeq: number): Promise<Seen> {
  for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += LOOK_INTERVAL_MS) {
    const seen: Seen = await page.evaluate(() => (window as unknown as { seen: Seen }).seen);
    if (seen.paintedAt.some(([seq]) => seq === lastSeq)) return seen;
    await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
  }
  throw new Error(`message ${lastSeq} was not on the screen within ${PATIENCE_MS / 1_000} s`);
}

/** Milliseconds of work on the page's main thread so far, as the browser counts them. */
async function busyMs(cdp: CDPSession): Promise<{ taskMs: number; atMs: number }> {
  const { metrics } = await cdp.send('Performance.getMetrics');
  const value = (name: string) =>
    1_000 * (metrics.find((metric) => metric.name === name)?.value ?? Number.NaN);
  return { taskMs: value('TaskDuration'), atMs: value('Timestamp') };
}

/**
 * Runs in the page. A frame is out when a task that its animation callback queued runs: one that goes before others, or it would
 * run behind what the page does next, and often behind the next frame. What is changed within an animation callback is part of that
 * same frame: to ask for one there would be to wait for the next.
 */
function watch(): void {
  const seen: { keysMs: number[]; paintedAt: [number, number][] } = { keysMs: [], paintedAt: [] };
  (window as unknown as { seen: unknown }).seen = seen;
  let isInFrame = false;
  const nextFrame = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (callback) =>
    nextFrame((atMs) => {
      isInFrame = true;
      callback(atMs);
      // Behind what an observer of its changes does.
      queueMicrotask(() => (isInFrame = false));
    });
  const afterFrame = (then: (atMs: number) => void) => {
    const follow = () => {
      void scheduler.postTask(() => then(performance.now()), { priority: 'user-blocking' });
    };
    if (isInFrame) follow();
    else nextFrame(follow);
  };
  window.addEventListener(
    'keydown',
    ({ timeStamp }) => afterFrame((atMs) => seen.keysMs.push(atMs - timeStamp)),
    { capture: true },
  );
  const known = new Set<string>();
  new MutationObserver((records) => {
    const fresh: number[] = [];
    for (const { addedNodes } of records)
      for (const node of addedNodes) {
        if (!(node instanceof Element)) continue;
        for (const message of [node, ...node.querySelectorAll('[data-seq]')]) {
          const seq = message.getAttribute('data-seq');
          if (seq === null || known.has(seq)) continue;
          known.add(seq);
          fresh.push(Number(seq));
        }
      }
    if (fresh.length > 0)
      afterFrame((atMs) => {
        for (const seq of fresh) seen.paintedAt.push([seq, performance.timeOrigin + atMs]);
      });
  }).observe(document.body, { childList: true, subtree: true });
}
