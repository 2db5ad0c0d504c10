import { LRUCache } from 'lru-cache';

interface Bucket {
  tokens: number;
  filledAt: number;
}

const MAX_USERS = 100_000;

/** A token bucket per user: so many sends at once, so many a second in the long run. */
export class SendLimits {
  private readonly buckets = new LRUCache<number, Bucket>({ max: MAX_USERS });

  constructor(
    private readonly burst: number,
    private readonly perSecond: number,
  ) {}

  /**
   * @param nowMs - By a clock that is never set: one set back an hour would refuse everybody for an hour.
   * @returns 0 when the user may send now, else how long to wait, milliseconds.
   */
  take(userId: number, nowMs: number): number {
    let bucket = this.buckets.get(userId);
    if (!bucket) this.buckets.set(userId, (bucket = { tokens: this.burst, filledAt: nowMs }));
    bucket.tokens = Math.min(
      this.burst,
      bucket.tokens + ((nowMs - bucket.filledAt) * this.perSecond) / 1_000,
    );
    bucket.filledAt = nowMs;
    if (bucket.tokens < 1) return Math.ceil(((1 - bucket.tokens) * 1_000) / this.perSecond);
    bucket.tokens--;
    return 0;
  }
}
