import type { LatencyStats } from './history-records.js';

/**
 * Summarises durations by the nearest-rank method: every value named is one that occurred.
 *
 * @param samplesMs - In any order; not changed.
 * @returns All 0 without samples.
 */
export function latencyOf(samplesMs: readonly number[]): LatencyStats {
  const sorted = Float64Array.from(samplesMs).sort();
  const rank = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  return { p50: rank(0.5), p99: rank(0.99), max: rank(1) };
}
