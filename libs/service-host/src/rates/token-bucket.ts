/** A rate with a burst. */
export interface BucketRate {
  /** So many at once. */
  readonly burst: number;
  /** So many a second in the long run. */
  readonly perSecond: number;
}

/** A token bucket; full at first. */
export class TokenBucket {
  private tokens: number;
  private filledAtMs: number;

  /** @param nowMs - Monotonic, like that of {@link take}. */
  constructor(
    private readonly rate: BucketRate,
    nowMs: number,
  ) {
    this.tokens = rate.burst;
    this.filledAtMs = nowMs;
  }

  /** @returns 0 when so many were taken, else none, and how long it will be until they are there, milliseconds. */
  take(count: number, nowMs: number): number {
    const { burst, perSecond } = this.rate;
    this.tokens = Math.min(burst, this.tokens + ((nowMs - this.filledAtMs) * perSecond) / 1_000);
    this.filledAtMs = nowMs;
    if (this.tokens < count) return Math.ceil(((count - this.tokens) * 1_000) / perSecond);
    this.tokens -= count;
    return 0;
  }

  /** What was taken turned out not to count. */
  giveBack(count: number): void {
    this.tokens = Math.min(this.rate.burst, this.tokens + count);
  }
}
