import { AppError } from '@parley/protocol';

/** Bounds of a {@link FairQueue}. */
export interface QueueBounds {
  /** Jobs under way. */
  readonly atOnce: number;
  /** Jobs that wait, of one caller and in all. */
  readonly waitingPerCaller: number;
  readonly waiting: number;
  /** Longest wait. Milliseconds. */
  readonly waitMs: number;
}

interface Waiting {
  readonly since: number;
  readonly start: () => void;
  readonly refuse: (error: AppError) => void;
  readonly isWanted: () => boolean;
}

/** When to try again after a refusal for want of room, milliseconds. */
const RETRY_AFTER_MS = 2_000;

/** Work that is slow on purpose, in a line for each caller. Callers take turns, so that no crowd is before anybody else. */
export class FairQueue {
  /** Those who wait, by caller; the callers in the order of their turns. */
  private readonly lines = new Map<string, Waiting[]>();
  private running = 0;
  private waiting = 0;

  constructor(
    private readonly bounds: QueueBounds,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Callers who wait now: nobody else is remembered here. */
  get callers(): number {
    return this.lines.size;
  }

  /**
   * Runs a job when it is its turn.
   *
   * @param isWanted - Asked when the turn has come: a caller who has gone is passed over.
   * @throws {AppError} `OVERLOADED` when too many wait, or for too long; and what the job throws.
   */
  async run<T>(caller: string, job: () => Promise<T>, isWanted: () => boolean = () => true): Promise<T> {
    if (this.running >= this.bounds.atOnce) await this.turn(caller, isWanted);
    else this.running++;
    try {
      return await job();
    } finally {
      this.running--;
      this.next();
    }
  }

  private turn(caller: string, isWanted: () => boolean): Promise<void> {
    const line = this.lines.get(caller) ?? [];
    if (this.waiting >= this.bounds.waiting || line.length >= this.bounds.waitingPerCaller)
      throw new AppError('OVERLOADED', { retryAfterMs: RETRY_AFTER_MS });
    this.lines.set(caller, line);
    this.waiting++;
    return new Promise((start, refuse) => line.push({ since: this.now(), start, refuse, isWanted }));
  }

  private next(): void {
    for (const [caller, line] of this.lines) {
      if (this.running >= this.bounds.atOnce) return;
      const first = line.shift();
      this.lines.delete(caller);
      // Behind the others who wait; the loop comes by again.
      if (line.length > 0) this.lines.set(caller, line);
      if (!first) continue;
      this.waiting--;
      if (!first.isWanted() || this.now() - first.since > this.bounds.waitMs)
        first.refuse(new AppError('OVERLOADED', { retryAfterMs: RETRY_AFTER_MS }));
      else {
        this.running++;
        first.start();
      }
    }
  }
}
