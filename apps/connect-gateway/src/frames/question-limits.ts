import { Injectable } from '@nestjs/common';
import { AppError } from '@parley/protocol';
import { TokenBuckets, type BucketRate } from '@parley/service-host/rates';

/** Who is online may be asked so often, by one user of one room; the answer may go to everybody in it. Judgement. */
export const questionRate: BucketRate = { burst: 10, perSecond: 2 };

/** How often one user may ask who is in a room, on this instance. */
@Injectable()
export class QuestionLimits {
  private readonly askers = new TokenBuckets<string>(questionRate);

  /** Counts a question. @throws {AppError} `RATE_LIMITED` with the time to wait. */
  take(userId: number, roomId: number): void {
    const retryAfterMs = this.askers.take(`${userId} ${roomId}`, 1, performance.now());
    if (retryAfterMs > 0) throw new AppError('RATE_LIMITED', { retryAfterMs });
  }
}
