/**
 * An id whose time is within this of Redis's surely needs no question to the archive, but in the minutes after Redis came
 * back. Redis judges by itself, with bounds half a minute wider: its clock is known here from seconds ago.
 */
const RECENT_PAST_MS = 270_000;
const RECENT_FUTURE_MS = 90_000;

const uuidV7 = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/**
 * When a client message id says that it was made.
 *
 * @returns Milliseconds since 1970; 0 for an id that does not say.
 * @see RFC 9562, section 5.7
 */
export function idTimeMs(clientMsgId: string): number {
  const match = uuidV7.exec(clientMsgId);
  return match ? Number.parseInt(`${match[1]}${match[2]}`, 16) : 0;
}

/** Whether the archive will probably have to be asked about an id made then. */
export function looksForgotten(madeAtMs: number, redisNowMs: number): boolean {
  return madeAtMs <= redisNowMs - RECENT_PAST_MS || madeAtMs >= redisNowMs + RECENT_FUTURE_MS;
}
