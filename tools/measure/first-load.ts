import type { Browser } from 'playwright-core';
import type { Figure, WebOptions } from './figure.js';

/**
 * Slow 4G as Lighthouse and DevTools throttle it: 1.6 Mbit/s down, 750 kbit/s up, 150 ms round trips, of which a request
 * takes 3.75 (lookup, connection, TLS, request); 10 % are lost to protocol.
 *
 * @see https://github.com/GoogleChrome/lighthouse/blob/main/core/config/constants.js
 */
const slow4g = {
  offline: false,
  latency: 562.5,
  downloadThroughput: (1.6 * 1024 * 1024 * 0.9) / 8,
  uploadThroughput: (750 * 1024 * 0.9) / 8,
};
const RUNS = 3;

/** What a first visit of the log-in page costs, with an empty cache: the median of some runs. */
export async function measureFirstLoad(
  browser: Browser,
  { site, slowdown }: WebOptions,
): Promise<readonly Figure[]> {
  const runs: Awaited<ReturnType<typeof firstLoad>>[] = [];
  for (let run = 0; run < RUNS; run++) runs.push(await firstLoad(browser, site, slowdown));
  const median = (pick: (run: (typeof runs)[number]) => number) =>
    runs.map(pick).sort((a, b) => a - b)[Math.floor(RUNS / 2)] ?? Number.NaN;
  return [
    {
      name: 'JavaScript of the first load, gzip',
      value: median((r) => r.scriptBytes) / 1_000,
      unit: 'kB',
      most: 150,
    },
    { name: 'everything of the first load, as sent', value: median((r) => r.bytes) / 1_000, unit: 'kB' },
    { name: 'first contentful paint, slow 4G', value: median((r) => r.paintMs), unit: 'ms', most: 1_600 },
    { name: 'log-in form usable, slow 4G', value: median((r) => r.usableMs), unit: 'ms' },
  ];
}

async function firstLoad(browser: Browser, site: string, slowdown: number) {
  const context = await browser.newContext({ viewport: { width: 412, height: 823 } });
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await cdp.send('Network.enable');
  // Over plain HTTP, as in a school's own network, browsers take nothing better.
  await cdp.send('Network.setExtraHTTPHeaders', { headers: { 'accept-encoding': 'gzip' } });
  await cdp.send('Network.emulateNetworkConditions', slow4g);
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: slowdown });
  const sizes = new Map<string, number>();
  const scripts = new Set<string>();
  cdp.on('Network.responseReceived', ({ requestId, type }) => {
    if (type === 'Script') scripts.add(requestId);
  });
  cdp.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    sizes.set(requestId, encodedDataLength);
  });
  await page.goto(site, { waitUntil: 'commit' });
  await page.getByTestId('login-name').waitFor();
  const usableMs = await page.evaluate(() => performance.now());
  await page.waitForLoadState('networkidle');
  const paintMs = await page.evaluate(
    () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN,
  );
  await context.close();
  const sum = (ids: Iterable<string>) => [...ids].reduce((total, id) => total + (sizes.get(id) ?? 0), 0);
  return { paintMs, usableMs, bytes: sum(sizes.keys()), scriptBytes: sum(scripts) };
}
