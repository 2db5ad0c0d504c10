import { nameKey } from '@parley/contracts/name-key';
import { TokenBuckets } from './token-buckets.js';

/** `rate` of the config. */
export interface RateOptions {
  readonly loginPerMinute: number;
  readonly registrationsPerMinute: number;
  readonly requestsPerSecond: number;
  readonly sendBurst: number;
  readonly sendsPerSecond: number;
}

/** Announcements go to everyone in a room, so one user may ask for few. Judgement. */
const announceRate = { burst: 10, perSecond: 2 };

/**
 * An address is a school or an office: its people come at once when a lesson starts, and then have tokens, which are
 * counted each by itself. So it may burst far above its rate. Judgement: 300 people log in without a refusal.
 */
const ADDRESS_BURST_S = 5;
/** Checking a password is deliberately slow, so an address gets this share of its requests for it. Judgement. */
const CREDENTIALS_SHARE = 0.2;
const CREDENTIALS_BURST_S = 4;
/** Minutes' worth of registrations that one address may make at once, for the same reason. Judgement. */
const REGISTRATION_BURST_MIN = 10;
/** All addresses together register as much as so many of them. Judgement. */
const REGISTERING_ADDRESSES = 4;

/** What this edge limits, each instance by itself; sends are limited in logic too, which sees every edge. */
export class RateLimits {
  private readonly requests: TokenBuckets;
  private readonly users: TokenBuckets;
  private readonly sends: TokenBuckets;
  private readonly credentials: TokenBuckets;
  private readonly attempts: TokenBuckets;
  private readonly registrations: TokenBuckets;
  private readonly allRegistrations: TokenBuckets;
  private readonly announcements: TokenBuckets;

  /** @param now - Milliseconds, monotonic. */
  constructor(options: RateOptions, now?: () => number) {
    const { loginPerMinute, registrationsPerMinute, requestsPerSecond: perSecond } = options;
    const buckets = (burst: number, rate: number) => new TokenBuckets({ burst, perSecond: rate }, now);
    this.requests = buckets(ADDRESS_BURST_S * perSecond, perSecond);
    this.users = buckets(2 * perSecond, perSecond);
    this.sends = buckets(options.sendBurst, options.sendsPerSecond);
    this.credentials = buckets(CREDENTIALS_BURST_S * perSecond, CREDENTIALS_SHARE * perSecond);
    this.attempts = buckets(loginPerMinute, loginPerMinute / 60);
    const registrationBurst = REGISTRATION_BURST_MIN * registrationsPerMinute;
    this.registrations = buckets(registrationBurst, registrationsPerMinute / 60);
    this.allRegistrations = buckets(
      REGISTERING_ADDRESSES * registrationBurst,
      (REGISTERING_ADDRESSES * registrationsPerMinute) / 60,
    );
    this.announcements = buckets(announceRate.burst, announceRate.perSecond);
  }

  /** Counts a request without a valid token. @param address - Its `addressKey`, here and below. @throws {AppError} `RATE_LIMITED` */
  stranger(address: string): void {
    this.requests.take(address);
  }

  /** Counts a request of a user, wherever it comes from. @throws {AppError} `RATE_LIMITED` */
  user(userId: number): void {
    this.users.take(String(userId));
  }

  /** Counts a send, as logic will: what it would refuse need not go there. @throws {AppError} `RATE_LIMITED` */
  send(userId: number): void {
    this.sends.take(String(userId));
  }

  /**
   * Counts a log-in: per address and name, and per address. By address alone, a school behind one address could not log in
   * when the lesson starts; by name alone, anybody could lock anybody out.
   *
   * @throws {AppError} `RATE_LIMITED`
   */
  login(address: string, userName: string): void {
    this.attempts.take(`${address} ${nameKey(userName)}`);
    this.credentials.take(address);
  }

  /** Counts a registration: per address, and of all addresses. @throws {AppError} `RATE_LIMITED` */
  registration(address: string): void {
    this.registrations.take(address);
    this.allRegistrations.take('all');
  }

  /** Counts a request for an announcement. @throws {AppError} `RATE_LIMITED` */
  announcement(userId: number): void {
    this.announcements.take(String(userId));
  }
}
