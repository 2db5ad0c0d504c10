import { TokenBucket, type BucketRate } from './token-bucket.js';

/**
 * Token buckets by key. One that nobody has touched for as long as an empty one takes to fill is full, as a new one is, and is
 * forgotten: whoever is silent takes no memory.
 */
export class TokenBuckets<K> {
  private touched = new Map<K, TokenBucket>();
  /** Of the period before. */
  private earlier = new Map<K, TokenBucket>();
  private timer: NodeJS.Timeout | undefined;

  /** @param max - Buckets at the most, some 10 MB of them; of more, those that were not touched for longest start again, full. */
  constructor(
    private readonly rate: BucketRate,
    private readonly max = 100_000,
  ) {}

  /** Buckets that are remembered. */
  get size(): number {
    return this.touched.size + this.earlier.size;
  }

  /** Like {@link TokenBucket.take}, of the bucket with this key. */
  take(key: K, count: number, nowMs: number): number {
    return this.of(key, nowMs).take(count, nowMs);
  }

  /** Like {@link TokenBucket.giveBack}. One that is forgotten is full already. */
  giveBack(key: K, count: number): void {
    (this.touched.get(key) ?? this.earlier.get(key))?.giveBack(count);
  }

  private of(key: K, nowMs: number): TokenBucket {
    const known = this.touched.get(key);
    if (known) return known;
    const bucket = this.earlier.get(key) ?? new TokenBucket(this.rate, nowMs);
    this.earlier.delete(key);
    if (this.touched.size >= this.max / 2) this.turn();
    this.touched.set(key, bucket);
    this.waitForTurn();
    return bucket;
  }

  /** A new period begins; what was not touched in the last one is forgotten. */
  private turn(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.earlier = this.touched;
    this.touched = new Map();
    if (this.earlier.size > 0) this.waitForTurn();
  }

  private waitForTurn(): void {
    const fillMs = (this.rate.burst / this.rate.perSecond) * 1_000;
    this.timer ??= setTimeout(() => this.turn(), fillMs).unref();
  }
}
