import type { BackoffOptions } from './client-options.js';

/** Beyond this the bound has long reached its maximum; keeps the power finite. */
const MAX_DOUBLINGS = 30;

/** Computes the wait before the next attempt, milliseconds. `failures` counts those before, from 0. */
export type Backoff = (failures: number, atLeastMs?: number) => number;

/**
 * Full jitter: uniform between 0 and a bound that doubles with every failure. Of the usual variants this one
 * spreads a crowd that lost the same gateway most evenly.
 *
 * `atLeastMs`, a wait the server asked for, is added to, not drawn from: it is respected and still spread.
 *
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function fullJitter(
  { minMs = 250, maxMs = 10_000 }: BackoffOptions = {},
  random: () => number = Math.random,
): Backoff {
  return (failures, atLeastMs = 0) =>
    atLeastMs + random() * Math.min(maxMs, minMs * 2 ** Math.min(failures, MAX_DOUBLINGS));
}
