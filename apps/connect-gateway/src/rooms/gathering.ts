import { MAX_WRITE_BYTES } from '../connections/encoded-message.js';

/** Writing for so long is worth gathering for, milliseconds: some 200 members. */
export const GATHER_ABOVE_MS = 2;
/** So many that came during a write are more than can be written one by one; one or two are chance. */
export const GATHER_FROM = 4;
/** What was taken waits no longer for what comes after it, milliseconds. */
export const GATHER_AT_MOST_MS = 10;

/**
 * How long the next write to all members waits for more to come, milliseconds. A write to a thousand sockets costs the same whether it
 * has one message or fifty, and when many came during the last write, as much time again is left for others to come, so that at
 * most half of it goes into writing. 0 when few came, when they fill a write already, and where writing takes no time.
 *
 * @param tookMs - How long the last write to all members took.
 * @param waiting - What has come meanwhile: how many messages, and their bytes.
 */
export function gatherMs(
  tookMs: number,
  waiting: { readonly messages: number; readonly bytes: number },
): number {
  if (tookMs < GATHER_ABOVE_MS || waiting.messages < GATHER_FROM || waiting.bytes >= MAX_WRITE_BYTES)
    return 0;
  return Math.min(tookMs, GATHER_AT_MOST_MS);
}
