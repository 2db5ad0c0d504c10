import { MAX_WRITE_BYTES } from '../connections/encoded-message.js';

/** Writing for so long is worth gathering for, milliseconds: some 200 members. */
export const GATHER_ABOVE_MS = 2;
/** What was taken waits no longer for what comes after it, milliseconds. */
export const GATHER_AT_MOST_MS = 10;

/**
 * How long the next write to all members waits for more to come, milliseconds. A write to a thousand sockets costs the same whether it
 * has one message or fifty, and when some came during the last write, there are more than can be written one by one: as much time
 * again is left for others to come, so that at most half of it goes into writing. 0 when what waits fills a write already,
 * when nothing waits, and where writing takes no time.
 *
 * @param tookMs - How long the last write to all members took.
 * @param waitingBytes - Of what has come meanwhile.
 */
export function gatherMs(tookMs: number, waitingBytes: number): number {
  if (waitingBytes === 0 || waitingBytes >= MAX_WRITE_BYTES || tookMs < GATHER_ABOVE_MS) return 0;
  return Math.min(tookMs, GATHER_AT_MOST_MS);
}
