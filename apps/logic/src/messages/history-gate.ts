import { AppError } from '@parley/protocol';
import { TokenBuckets } from '@parley/service-host/rates';

/**
 * Pages that one user may ask for at once, and a second in the long run. Judgement: after a `resync` a client pages through
 * ten thousand long messages, nine to a frame.
 */
const PAGE_RATE = { burst: 2_000, perSecond: 100 };
/** Pages made at a time, so that reading leaves room for sending. */
const MAX_AT_ONCE = 16;
/** … for one user: the others' pages do not wait for hers. */
const MAX_AT_ONCE_PER_USER = 2;
/** Pages of one user that wait for their turn; a client asks for one after another on each connection. */
const MAX_WAITING_PER_USER = 32;
/** Pages that wait in all. */
const MAX_WAITING = 2_000;
/** When to try again after a refusal for want of room, milliseconds. */
const RETRY_AFTER_MS = 500;

interface Reader {
  running: number;
  readonly waiting: (() => void)[];
}

/** Who may have a page made now: bounded per user and in all, users take turns. */
export class HistoryGate {
  private readonly rate = new TokenBuckets<number>(PAGE_RATE);
  private readonly readers = new Map<number, Reader>();
  /** Users who wait and may run, in the order of their turns. */
  private readonly turns = new Set<number>();
  private running = 0;
  private waiting = 0;

  /** @param now - Milliseconds, monotonic. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Users who read or wait now: nobody else is remembered here. */
  get busyUsers(): number {
    return this.readers.size;
  }

  /**
   * Makes a page when it is its turn.
   *
   * @throws {AppError} `RATE_LIMITED` for too many pages of this user; `OVERLOADED` when too many wait.
   */
  async run<T>(userId: number, make: () => Promise<T>): Promise<T> {
    const waitMs = this.rate.take(userId, 1, this.now());
    if (waitMs > 0) throw new AppError('RATE_LIMITED', { retryAfterMs: waitMs });
    const reader = this.readers.get(userId) ?? { running: 0, waiting: [] };
    const waits = this.running >= MAX_AT_ONCE || reader.running >= MAX_AT_ONCE_PER_USER;
    if (waits && (this.waiting >= MAX_WAITING || reader.waiting.length >= MAX_WAITING_PER_USER))
      throw new AppError('OVERLOADED', { retryAfterMs: RETRY_AFTER_MS });
    this.readers.set(userId, reader);
    if (waits) await this.turn(userId, reader);
    else this.start(reader);
    try {
      return await make();
    } finally {
      this.running--;
      reader.running--;
      if (reader.waiting.length > 0) this.turns.add(userId);
      else if (reader.running === 0) this.readers.delete(userId);
      this.next();
    }
  }

  private turn(userId: number, reader: Reader): Promise<void> {
    this.waiting++;
    if (reader.running < MAX_AT_ONCE_PER_USER) this.turns.add(userId);
    return new Promise((resolve) => reader.waiting.push(resolve));
  }

  private start(reader: Reader): void {
    this.running++;
    reader.running++;
  }

  private next(): void {
    while (this.running < MAX_AT_ONCE) {
      const [userId] = this.turns;
      if (userId === undefined) return;
      this.turns.delete(userId);
      const reader = this.readers.get(userId);
      const resolve = reader?.waiting.shift();
      if (!reader || !resolve) continue;
      this.waiting--;
      this.start(reader);
      // Behind the others who wait.
      if (reader.waiting.length > 0 && reader.running < MAX_AT_ONCE_PER_USER) this.turns.add(userId);
      resolve();
    }
  }
}
