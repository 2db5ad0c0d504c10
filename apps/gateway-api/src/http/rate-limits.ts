import { nameKey } from '@parley/contracts/name-key';
import { TokenBuckets } from './token-buckets.js';

/** `rate` of the config. */
export interface RateOptions {
  readonly loginPerMinute: number;
  readonly requestsPerSecond: number;
}

/** Announcements go to everyone in a room, so one user may ask for few. Judgement. */
const announceRate = { burst: 10, perSecond: 2 };

/** Checking a password is deliberately slow, so an address gets this share of its requests for it. Judgement. */
const CREDENTIALS_SHARE = 0.2;

/** What this edge limits, each instance by itself; sends are limited in logic, which sees every edge. */
export class RateLimits {
  private readonly requests: TokenBuckets;
  private readonly credentials: TokenBuckets;
  private readonly attempts: TokenBuckets;
  private readonly announcements: TokenBuckets;

  constructor({ loginPerMinute, requestsPerSecond: perSecond }: RateOptions, now?: () => number) {
    this.requests = new TokenBuckets({ burst: 2 * perSecond, perSecond }, now);
    this.credentials = new TokenBuckets({ burst: perSecond, perSecond: perSecond * CREDENTIALS_SHARE }, now);
    this.attempts = new TokenBuckets({ burst: loginPerMinute, perSecond: loginPerMinute / 60 }, now);
    this.announcements = new TokenBuckets(announceRate, now);
  }

  /** Counts a request of any kind. @param address - Its `addressKey`, here and below. @throws {AppError} `RATE_LIMITED` */
  request(address: string): void {
    this.requests.take(address);
  }

  /**
   * Counts a log-in or a registration: per address and name, and per address. By address alone, a school behind one
   * address could not log in when the lesson starts; by name alone, anybody could lock anybody out.
   *
   * @throws {AppError} `RATE_LIMITED`
   */
  credential(address: string, userName: string): void {
    this.attempts.take(`${address} ${nameKey(userName)}`);
    this.credentials.take(address);
  }

  /** Counts a request for an announcement. @throws {AppError} `RATE_LIMITED` */
  announcement(userId: number): void {
    this.announcements.take(String(userId));
  }
}
