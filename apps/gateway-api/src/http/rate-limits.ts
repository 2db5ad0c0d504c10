import { nameKey } from '@parley/contracts/name-key';
import { AppError, type ErrorCode } from '@parley/protocol';
import { TokenBuckets } from '@parley/service-host/rates';
import { GuessLimit } from './guess-limit.js';

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

/** Each search looks at every name; who types asks some times a second, for rooms and for people. Judgement. */
const searchRate = { burst: 40, perSecond: 8 };

/**
 * An address is a school or an office: its people come at once when a lesson starts, and then have tokens, which are
 * counted each by itself. So it may burst far above its rate. Judgement: 300 people with worthless tokens are told so.
 */
const ADDRESS_BURST_S = 20;
/** Checking a password is deliberately slow, so an address gets this share of its requests for it. Judgement. */
const CREDENTIALS_SHARE = 0.2;
/** Of an address's requests, so many passwords may be wrong: a class mistypes some, who guesses has few. Judgement. */
const FAILURES_SHARE = 0.02;
const FAILURES_BURST_S = 4;
/** Minutes' worth of registrations that one address may make at once, for the same reason. Judgement. */
const REGISTRATION_BURST_MIN = 10;
/** All addresses together register as much as so many of them. Judgement. */
const REGISTERING_ADDRESSES = 4;

/** The one key of what is counted together. */
const ALL = 'all';
const hasCode = (code: ErrorCode) => (error: unknown) => error instanceof AppError && error.code === code;
const isWrongPassword = hasCode('BAD_CREDENTIALS');
const isTakenName = hasCode('NAME_TAKEN');
const isWrongRoomPassword = hasCode('WRONG_PASSWORD');
const isUnknownRoom = hasCode('ROOM_NOT_FOUND');

/** What this edge limits, each instance by itself; sends are limited in logic too, which sees every edge. */
export class RateLimits {
  private readonly requests: TokenBuckets<string>;
  private readonly users: TokenBuckets<number>;
  private readonly sends: TokenBuckets<number>;
  private readonly credentials: TokenBuckets<string>;
  private readonly guesses: GuessLimit;
  private readonly failures: GuessLimit;
  private readonly keyGuesses: GuessLimit;
  private readonly keyFailures: GuessLimit;
  private readonly registrations: TokenBuckets<string>;
  private readonly allRegistrations: TokenBuckets<string>;
  private readonly announcements: TokenBuckets<number>;
  private readonly searches: TokenBuckets<number>;

  /** @param now - Milliseconds, monotonic. */
  constructor(
    options: RateOptions,
    private readonly now: () => number = () => performance.now(),
  ) {
    const { loginPerMinute, registrationsPerMinute, requestsPerSecond: perSecond } = options;
    const buckets = <K>(burst: number, rate: number) => new TokenBuckets<K>({ burst, perSecond: rate });
    this.requests = buckets(ADDRESS_BURST_S * perSecond, perSecond);
    this.users = buckets(2 * perSecond, perSecond);
    this.sends = buckets(options.sendBurst, options.sendsPerSecond);
    this.credentials = buckets(ADDRESS_BURST_S * perSecond, CREDENTIALS_SHARE * perSecond);
    const failing = (burst: number, rate: number) =>
      new GuessLimit({ burst, perSecond: rate }, isWrongPassword, now);
    this.guesses = failing(loginPerMinute, loginPerMinute / 60);
    this.failures = failing(FAILURES_BURST_S * perSecond, FAILURES_SHARE * perSecond);
    const isWrongKey = (error: unknown) => isWrongRoomPassword(error) || isUnknownRoom(error);
    this.keyGuesses = new GuessLimit(
      { burst: loginPerMinute, perSecond: loginPerMinute / 60 },
      isWrongRoomPassword,
      now,
    );
    this.keyFailures = new GuessLimit(
      { burst: FAILURES_BURST_S * perSecond, perSecond: FAILURES_SHARE * perSecond },
      isWrongKey,
      now,
    );
    const registrationBurst = REGISTRATION_BURST_MIN * registrationsPerMinute;
    this.registrations = buckets(registrationBurst, registrationsPerMinute / 60);
    this.allRegistrations = buckets(
      REGISTERING_ADDRESSES * registrationBurst,
      (REGISTERING_ADDRESSES * registrationsPerMinute) / 60,
    );
    this.announcements = buckets(announceRate.burst, announceRate.perSecond);
    this.searches = buckets(searchRate.burst, searchRate.perSecond);
  }

  /** Counts a request without a valid token. @param address - Its `addressKey`, here and below. @throws {AppError} `RATE_LIMITED` */
  stranger(address: string): void {
    this.take(this.requests, address);
  }

  /** Counts a request of a user, wherever it comes from. @throws {AppError} `RATE_LIMITED` */
  user(userId: number): void {
    this.take(this.users, userId);
  }

  /** Counts a send, as logic will: what it would refuse need not go there. @throws {AppError} `RATE_LIMITED` */
  send(userId: number): void {
    this.take(this.sends, userId);
  }

  /**
   * Logs in, and counts what fails: per address and name, and per address. By address alone, a school behind one address
   * would share the mistakes of its people; by name alone, anybody could lock anybody out. All log-ins of an address are
   * counted too, far above what a school needs, because each costs processor time.
   *
   * @throws {AppError} `RATE_LIMITED`, and what `ask` throws.
   */
  async login<T>(address: string, userName: string, ask: () => Promise<T>): Promise<T> {
    this.take(this.credentials, address);
    const key = `${address} ${nameKey(userName)}`;
    return await this.guesses.run(key, () => this.failures.run(address, ask));
  }

  /**
   * Registers, or lets a guest in, and counts it: per address, and of all addresses. A name that is taken is no registration: the next one is
   * chosen.
   *
   * @throws {AppError} `RATE_LIMITED`, and what `ask` throws.
   */
  async registration<T>(address: string, ask: () => Promise<T>): Promise<T> {
    this.take(this.registrations, address);
    this.take(this.allRegistrations, ALL);
    try {
      return await ask();
    } catch (error) {
      if (isTakenName(error)) {
        this.registrations.giveBack(address, 1);
        this.allRegistrations.giveBack(ALL, 1);
      }
      throw error;
    }
  }

  /**
   * Comes in by a room's code, and counts what fails: wrong passwords per user and code, so that a class behind one address does
   * not share its mistakes; and those and codes that nobody has per address, as log-ins are.
   *
   * @throws {AppError} `RATE_LIMITED`, and what `ask` throws.
   */
  async roomCode<T>(
    { address, userId }: { readonly address: string; readonly userId: number },
    code: string,
    ask: () => Promise<T>,
  ): Promise<T> {
    this.take(this.credentials, address);
    return await this.keyGuesses.run(`${userId} ${code}`, () => this.keyFailures.run(address, ask));
  }

  /** Counts a search by name. @throws {AppError} `RATE_LIMITED` */
  search(userId: number): void {
    this.take(this.searches, userId);
  }

  /** Counts a request for an announcement. @throws {AppError} `RATE_LIMITED` */
  announcement(userId: number): void {
    this.take(this.announcements, userId);
  }

  private take<K>(buckets: TokenBuckets<K>, key: K): void {
    const retryAfterMs = buckets.take(key, 1, this.now());
    if (retryAfterMs > 0) throw new AppError('RATE_LIMITED', { retryAfterMs });
  }
}
