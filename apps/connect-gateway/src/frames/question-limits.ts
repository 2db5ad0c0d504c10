import { Injectable } from '@nestjs/common';
import { AppError } from '@parley/protocol';
import type { BucketRate } from './token-bucket.js';
import { TokenBuckets } from './token-buckets.js';

/** Who is online may be asked so often, by one user of one room; the answer may go to everybody in it. Judgement. */
export const questionRate: BucketRate = { burst: 10, perSecond: 2 };
/** Users and rooms remembered: some 10 MB. Who is forgotten starts again with a full bucket. */
const MAX_ASKERS = 50_000;

/** How often one user may ask who is in a room, on this instance. */
@Injectable()
export class QuestionLimits {
  private readonly askers = new TokenBuckets<string>(questionRate, MAX_ASKERS);

  /** Counts a question. @throws {AppError} `RATE_LIMITED` with the time to wait. */
  take(userId: number, roomId: number): void {
    const retryAfterMs = this.askers.take(`${userId} ${roomId}`, 1, performance.now());
    if (retryAfterMs > 0) throw new AppError('RATE_LIMITED', { retryAfterMs });
  }
}
