const firstDelayMs = 250;
const longestDelayMs = 10_000;

/**
 * Delay before restart number `attempt` of a crashed process: 250 ms, doubling, at most 10 s.
 * @param {number} attempt 0 for the first restart.
 * @returns {number} milliseconds
 */
export function restartDelayMs(attempt) {
  return Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(attempt, 10));
}
