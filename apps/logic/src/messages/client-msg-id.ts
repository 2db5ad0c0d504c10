/** A UUIDv7 whose time is within this of ours is surely still known to Redis if it was ever accepted. */
const RECENT_PAST_MS = 300_000;
const RECENT_FUTURE_MS = 120_000;

const uuidV7 = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/**
 * When a client message id was made, if it says so and that is recent.
 *
 * @returns Milliseconds since 1970; undefined when the archive has to be asked whether the id was used before.
 * @see RFC 9562, section 5.7
 */
export function recentIdTimeMs(clientMsgId: string, nowMs: number): number | undefined {
  const match = uuidV7.exec(clientMsgId);
  if (!match) return undefined;
  const madeAt = Number.parseInt(`${match[1]}${match[2]}`, 16);
  return madeAt > nowMs - RECENT_PAST_MS && madeAt < nowMs + RECENT_FUTURE_MS ? madeAt : undefined;
}
