import { TokenBuckets } from './token-buckets.js';

/** Announcements that one user may ask for. */
const ANNOUNCE_BURST = 10;
const ANNOUNCES_PER_SECOND = 2;

/** What this edge limits; sends are limited in logic. */
export class RateLimits {
  /** By client address. */
  readonly logins: TokenBuckets;
  /** By user. */
  readonly announcements = new TokenBuckets(ANNOUNCE_BURST, ANNOUNCES_PER_SECOND);

  constructor(loginsPerMinute: number) {
    this.logins = new TokenBuckets(loginsPerMinute, loginsPerMinute / 60);
  }
}
