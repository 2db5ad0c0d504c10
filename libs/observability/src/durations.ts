/** Upper bounds of the buckets, seconds: from what a process does in memory to what somebody gives up on. */
export const DURATION_BUCKETS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
] as const;

/** Durations of one kind. To observe one costs some additions: nothing is looked up, and nothing made. */
export class Durations {
  private readonly counts = new Float64Array(DURATION_BUCKETS.length + 1);
  private total = 0;

  /** @param times - How many took so long, where a batch is measured once. @defaultValue 1 */
  observe(seconds: number, times = 1): void {
    // Of two readings of a clock; neither a negative one nor NaN may spoil the sum for ever.
    const taken = seconds > 0 ? seconds : 0;
    let bucket = 0;
    while (bucket < DURATION_BUCKETS.length && taken > (DURATION_BUCKETS[bucket] as number)) bucket++;
    this.counts[bucket] = (this.counts[bucket] as number) + times;
    this.total += taken * times;
  }

  /** Seconds of all of them. */
  get sum(): number {
    return this.total;
  }

  /** How many took at most so long: one for each bound of {@link DURATION_BUCKETS}, then all. */
  cumulative(): number[] {
    let count = 0;
    return Array.from(this.counts, (inBucket) => (count += inBucket));
  }
}

/** How often something happened. */
export class Tally {
  private total = 0;

  add(times = 1): void {
    this.total += times;
  }

  get count(): number {
    return this.total;
  }
}
