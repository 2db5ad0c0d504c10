import type { LogEntry, RoomStore } from '@parley/redis';

/** Messages read from a room log at a time: 1.6 MB when each is as long as one may be. */
export const MAX_READ = 100;
/** Reads under way at a time, over all rooms of this gateway: with the above, what they hold is bounded. */
export const READS_AT_ONCE = 16;

/** Reads room logs for gaps and for members who are behind: a wave of those who come back reads one after another. */
export class LogReader {
  private reading = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly store: Pick<RoomStore, 'range'>) {}

  /** The next messages from `from` on, at most {@link MAX_READ}, none after `to`. Empty when the log has them not. */
  async range(roomId: number, from: number, to: number): Promise<LogEntry[]> {
    if (this.reading >= READS_AT_ONCE) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.reading++;
    try {
      return await this.store.range(roomId, from, to, MAX_READ);
    } finally {
      // Its place goes to the next one, if any.
      const next = this.waiting.shift();
      if (next) next();
      else this.reading--;
    }
  }
}
