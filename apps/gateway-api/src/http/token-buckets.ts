import { AppError } from '@parley/protocol';
import { LRUCache } from 'lru-cache';

const MAX_KEYS = 50_000;

/** A token bucket per key (address or user); the least recently used are forgotten. */
export class TokenBuckets {
  private readonly buckets = new LRUCache<string, { tokens: number; at: number }>({ max: MAX_KEYS });

  constructor(
    private readonly burst: number,
    private readonly perSecond: number,
    private readonly now: () => number = Date.now,
  ) {}

  /** @throws {AppError} `RATE_LIMITED` with the time to wait. */
  take(key: string): void {
    const now = this.now();
    const bucket = this.buckets.get(key) ?? { tokens: this.burst, at: now };
    bucket.tokens = Math.min(this.burst, bucket.tokens + ((now - bucket.at) * this.perSecond) / 1_000);
    bucket.at = now;
    this.buckets.set(key, bucket);
    if (bucket.tokens < 1)
      throw new AppError('RATE_LIMITED', {
        retryAfterMs: Math.ceil(((1 - bucket.tokens) * 1_000) / this.perSecond),
      });
    bucket.tokens--;
  }
}
