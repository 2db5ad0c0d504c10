import { AppError } from '@parley/protocol';
import { TokenBuckets, type BucketRate } from '@parley/service-host/rates';

/** Attempts under one key that wait for others of it to end. Judgement: three classes behind one address. */
const MAX_WAITING = 1_000;

/** When to try again when so many wait. Milliseconds. */
const FULL_RETRY_MS = 1_000;

interface Attempts {
  running: number;
  readonly waiting: { go: () => void; refuse: (error: AppError) => void }[];
}

/**
 * Bounds the failures under each key; what succeeds costs nothing. An attempt takes a token and gives it back unless it
 * failed, so that never more are under way than may fail. When there is none left, but some attempts are under way that
 * may give theirs back, the next ones wait: three hundred people who log in to one demo account are no attack.
 */
export class GuessLimit {
  private readonly buckets: TokenBuckets<string>;
  private readonly attempts = new Map<string, Attempts>();

  /** @param rate - Of failures. @param isFailure - Tells a wrong guess from an attempt that could not be judged. @param now - Milliseconds, monotonic. */
  constructor(
    rate: BucketRate,
    private readonly isFailure: (error: unknown) => boolean,
    private readonly now: () => number,
  ) {
    this.buckets = new TokenBuckets(rate);
  }

  /** @throws {AppError} `RATE_LIMITED` after too many failures, and what `attempt` throws. */
  async run<T>(key: string, attempt: () => Promise<T>): Promise<T> {
    const attempts = this.attempts.get(key) ?? { running: 0, waiting: [] };
    this.attempts.set(key, attempts);
    try {
      await this.admit(key, attempts);
    } finally {
      if (attempts.running === 0) this.attempts.delete(key);
    }
    let hasFailed = false;
    try {
      return await attempt();
    } catch (error) {
      hasFailed = this.isFailure(error);
      throw error;
    } finally {
      if (!hasFailed) this.buckets.giveBack(key, 1);
      this.ended(key, attempts);
    }
  }

  private async admit(key: string, attempts: Attempts): Promise<void> {
    if (attempts.waiting.length === 0) {
      const waitMs = this.buckets.take(key, 1, this.now());
      if (waitMs === 0) return void attempts.running++;
      if (attempts.running === 0) throw tooMany(waitMs);
    }
    if (attempts.waiting.length >= MAX_WAITING) throw tooMany(FULL_RETRY_MS);
    await new Promise<void>((go, refuse) => attempts.waiting.push({ go, refuse }));
  }

  /** The places that are free go to those who wait, in their order; with nobody under way, none will be for now. */
  private ended(key: string, attempts: Attempts): void {
    attempts.running--;
    for (let next = attempts.waiting[0]; next; next = attempts.waiting[0]) {
      const waitMs = this.buckets.take(key, 1, this.now());
      if (waitMs > 0 && attempts.running > 0) return;
      attempts.waiting.shift();
      if (waitMs > 0) next.refuse(tooMany(waitMs));
      else {
        attempts.running++;
        next.go();
      }
    }
    if (attempts.running === 0) this.attempts.delete(key);
  }
}

const tooMany = (retryAfterMs: number) => new AppError('RATE_LIMITED', { retryAfterMs });
