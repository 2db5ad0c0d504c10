import { AppError } from '@parley/protocol';
import { LRUCache } from 'lru-cache';

/** Callers remembered. Judgement: some 10 MB at worst, and more than one process serves at once. */
const MAX_KEYS = 50_000;

/** Rates of one kind of request. */
export interface BucketRate {
  /** Requests allowed at once. */
  readonly burst: number;
  /** Requests allowed in the long run. */
  readonly perSecond: number;
}

/** A token bucket per key. Bounded: the caller not seen for longest is forgotten, and starts again with a full bucket. */
export class TokenBuckets {
  private readonly buckets: LRUCache<string, { tokens: number; atMs: number }>;

  /** @param now - Milliseconds, monotonic: a clock that is set back must not lock anybody out. */
  constructor(
    private readonly rate: BucketRate,
    private readonly now: () => number = () => performance.now(),
    maxKeys = MAX_KEYS,
  ) {
    this.buckets = new LRUCache({ max: maxKeys });
  }

  /** @throws {AppError} `RATE_LIMITED` with the time to wait. */
  take(key: string): void {
    const retryAfterMs = this.tryTake(key);
    if (retryAfterMs > 0) throw new AppError('RATE_LIMITED', { retryAfterMs });
  }

  /** Takes a token, and answers 0; or how long until there is one. Milliseconds. */
  tryTake(key: string): number {
    const { burst, perSecond } = this.rate;
    const now = this.now();
    let bucket = this.buckets.get(key);
    if (!bucket) this.buckets.set(key, (bucket = { tokens: burst, atMs: now }));
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.atMs) * perSecond) / 1_000);
    bucket.atMs = now;
    if (bucket.tokens < 1) return Math.ceil(((1 - bucket.tokens) * 1_000) / perSecond);
    bucket.tokens--;
    return 0;
  }

  /** What was taken turned out not to count. */
  giveBack(key: string): void {
    const bucket = this.buckets.get(key);
    if (bucket) bucket.tokens = Math.min(this.rate.burst, bucket.tokens + 1);
  }
}
