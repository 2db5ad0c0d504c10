import { readFile } from 'node:fs/promises';
import type { Browser } from 'playwright-core';

/** What the main thread of the busiest page had of the processors so far, milliseconds. */
export interface ThreadTimes {
  readonly pid: number;
  readonly ranMs: number;
  /** It could have run, and another program did. */
  readonly waitedMs: number;
}

/**
 * Times of the main threads of a browser's pages; none where the system does not tell (other than Linux).
 *
 * A browser slows a page down by the clock: for each millisecond since it last looked it keeps the thread busy for three more,
 * whether the page has run meanwhile or waited. Waiting counts several times, then, and figures are of the page only where
 * there was none.
 */
export async function threadTimes(browser: Browser): Promise<readonly ThreadTimes[]> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const pages = processInfo.filter(({ type }) => type === 'renderer');
  const times = await Promise.all(pages.map(({ id }) => timesOf(id)));
  return times.filter((time) => time !== undefined);
}

/** Of the thread that ran the most between two looks: shares of the time in which it ran and in which it waited, per cent. */
export function busiestShares(
  before: readonly ThreadTimes[],
  after: readonly ThreadTimes[],
  tookMs: number,
): { readonly ran: number; readonly waited: number } | undefined {
  const share = (ms: number) => (100 * ms) / tookMs;
  const spent = after.flatMap((end) => {
    const start = before.find(({ pid }) => pid === end.pid);
    if (!start) return [];
    return [{ ran: share(end.ranMs - start.ranMs), waited: share(end.waitedMs - start.waitedMs) }];
  });
  return spent.sort((a, b) => b.ran - a.ran)[0];
}

async function timesOf(pid: number): Promise<ThreadTimes | undefined> {
  try {
    const [ran = 0, waited = 0] = (await readFile(`/proc/${pid}/task/${pid}/schedstat`, 'utf8'))
      .split(' ')
      .map(Number);
    return { pid, ranMs: ran / 1e6, waitedMs: waited / 1e6 };
  } catch {
    return undefined;
  }
}
