/** How often the alarm is repeated while it holds, milliseconds. */
const ALARM_INTERVAL_MS = 10_000;

export interface BacklogOptions {
  /** Entries of one stream at which sends are refused; the alarm is at half of it, so that somebody can act before. */
  readonly maxPendingEntries: number;
  /** Shards whose streams count: those read here. */
  readonly owned: () => Iterable<number>;
  /** Called when the alarm begins, and now and then while it holds. */
  readonly onAlarm: (entries: number) => void;
  /** @returns Milliseconds, monotonic. */
  readonly now?: () => number;
}

/** How full the streams are that this worker empties. Too full is an alarm, and makes it unready. */
export class Backlog {
  private readonly lengths = new Map<number, number>();
  private alarmedAt = -Infinity;

  constructor(private readonly options: BacklogOptions) {}

  /** Entries not yet trimmed, over the shards owned here. */
  get total(): number {
    let total = 0;
    for (const shard of this.options.owned()) total += this.lengths.get(shard) ?? 0;
    return total;
  }

  /** Whether the alarm holds. */
  get isTooLong(): boolean {
    return this.total >= this.options.maxPendingEntries / 2;
  }

  /** Notes a stream's length, entries. */
  measured(shard: number, length: number): void {
    this.lengths.set(shard, length);
    if (!this.isTooLong) {
      this.alarmedAt = -Infinity;
      return;
    }
    const now = (this.options.now ?? (() => performance.now()))();
    if (now - this.alarmedAt < ALARM_INTERVAL_MS) return;
    this.alarmedAt = now;
    this.options.onAlarm(this.total);
  }
}
