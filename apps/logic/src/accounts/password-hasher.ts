import { AppError } from '@parley/protocol';
import { argon2id, hash, verify } from 'argon2';

export interface Argon2Options {
  readonly memoryKib: number;
  readonly iterations: number;
  readonly parallelism: number;
}

/** The parameters by the names that `argon2` has for them. */
export interface Argon2Parameters {
  readonly type: typeof argon2id;
  readonly memoryCost: number;
  readonly timeCost: number;
  readonly parallelism: number;
}

/** What is used of `argon2`. */
export interface Argon2 {
  hash(password: string, options: Argon2Parameters): Promise<string>;
  verify(digest: string, password: string): Promise<boolean>;
}

/** Hashes computed at a time: each takes tens of milliseconds of a core, and chat needs cores too. */
const MAX_CONCURRENT = 2;
/** Log-ins that may wait for one; more are refused. At 25 ms each that is 5 s: 300 people log in at once. Judgement. */
const MAX_WAITING = 400;

/**
 * argon2id with bounded concurrency.
 *
 * @see RFC 9106; OWASP Password Storage Cheat Sheet
 */
export class PasswordHasher {
  private running = 0;
  private readonly waiting: (() => void)[] = [];
  private dummyHash: Promise<string> | undefined;

  /** @param argon2 - The work itself. @defaultValue the real one */
  constructor(
    private readonly options: Argon2Options,
    private readonly argon2: Argon2 = { hash, verify },
  ) {
    // Ahead of its first use, which would otherwise take twice as long as checking a known user.
    this.unknownUserHash().catch(() => undefined);
  }

  /** @throws {AppError} `OVERLOADED` when too many are waiting. */
  hash(password: string): Promise<string> {
    return this.limited(() => this.compute(password));
  }

  /**
   * Compares a password with a hash. Without one it does the same work and answers false: how long it takes must not
   * tell whether a user exists.
   */
  async matches(password: string, passwordHash: string | undefined): Promise<boolean> {
    const against = passwordHash ?? (await this.unknownUserHash());
    const matches = await this.limited(() => this.argon2.verify(against, password));
    return matches && passwordHash !== undefined;
  }

  private compute(password: string): Promise<string> {
    const { memoryKib, iterations, parallelism } = this.options;
    const options: Argon2Parameters = {
      type: argon2id,
      memoryCost: memoryKib,
      timeCost: iterations,
      parallelism,
    };
    return this.argon2.hash(password, options);
  }

  /** Not in the line with the others: it is made once, and must not be refused. A failure is not kept. */
  private unknownUserHash(): Promise<string> {
    this.dummyHash ??= this.compute('no such user').catch((error: unknown) => {
      this.dummyHash = undefined;
      throw error;
    });
    return this.dummyHash;
  }

  private async limited<T>(job: () => Promise<T>): Promise<T> {
    if (this.running >= MAX_CONCURRENT) {
      if (this.waiting.length >= MAX_WAITING) throw new AppError('OVERLOADED', { retryAfterMs: 2_000 });
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    } else {
      this.running++;
    }
    try {
      return await job();
    } finally {
      // The place goes to the next in line, or is given up.
      const next = this.waiting.shift();
      if (next) next();
      else this.running--;
    }
  }
}
