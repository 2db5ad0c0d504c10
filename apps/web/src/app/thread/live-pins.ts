import type { Pin } from '@parley/protocol';

/** The pins that hold at a moment, milliseconds since 1970 by the server's clock. */
export const livePins = (pins: readonly Pin[], nowMs: number): readonly Pin[] =>
  pins.filter(({ expiresAt }) => expiresAt === undefined || expiresAt > nowMs);
