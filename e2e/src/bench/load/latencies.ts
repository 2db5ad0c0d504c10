import { createHistogram } from 'node:perf_hooks';

/** Milliseconds. */
export interface Latencies {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  readonly count: number;
}

/** HdrHistogram of Node.js, in microseconds: three digits, whatever the range. */
export class LatencyRecorder {
  private readonly histogram = createHistogram({ figures: 3 });

  /** @param ms - Milliseconds; below a microsecond counts as one. */
  add(ms: number): void {
    this.histogram.record(Math.max(1, Math.round(ms * 1_000)));
  }

  result(): Latencies {
    const { histogram } = this;
    const at = (percent: number) => histogram.percentile(percent) / 1_000;
    const count = histogram.count;
    if (count === 0) return { p50: NaN, p99: NaN, p999: NaN, max: NaN, count };
    return { p50: at(50), p99: at(99), p999: at(99.9), max: histogram.max / 1_000, count };
  }
}
