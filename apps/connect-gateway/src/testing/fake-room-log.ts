import type { DispatchEntry } from '@parley/contracts';
import type { LogEntry, RoomStore } from '@parley/redis';
import { stub } from './stub.js';

/** One room's log in memory. */
export class FakeRoomLog {
  readonly store: RoomStore;
  /** Reads made so far, `from-to`. */
  readonly reads: string[] = [];
  /** Reads that fail from now on. */
  failures = 0;
  /** Awaited before each read answers. */
  delay: () => Promise<void> = () => Promise.resolve();
  private entries: LogEntry[] = [];
  private lastSeq = 0;

  constructor(readonly roomId: number) {
    this.store = stub<RoomStore>('RoomStore', {
      facts: () => Promise.resolve(new Map()),
      nowMs: () => Promise.resolve(0),
      range: (_roomId, from, to = Infinity, count) => this.range(from, to, count),
    });
  }

  /** Last seq appended, trimmed or not. */
  get head(): number {
    return this.lastSeq;
  }

  /** Appends messages and answers them as the stream has them. */
  append(count: number, epoch = 'e1', firstSeq = this.head + 1): DispatchEntry[] {
    const added = Array.from({ length: count }, (_, i) => entry(this.roomId, firstSeq + i, epoch));
    this.entries.push(...added);
    this.lastSeq = firstSeq + count - 1;
    return added;
  }

  /** Appends an entry with a body of its own. */
  add(body: string, epoch = 'e1'): DispatchEntry {
    const added = { roomId: this.roomId, seq: ++this.lastSeq, epoch, body };
    this.entries.push(added);
    return added;
  }

  /** Forgets everything up to `seq`. */
  trim(seq: number): void {
    this.entries = this.entries.filter((kept) => kept.seq > seq);
  }

  /** What the log has of `from`..`to`. */
  slice(from: number, to: number): DispatchEntry[] {
    return this.entries
      .filter(({ seq }) => seq >= from && seq <= to)
      .map(({ seq, epoch, body }) => ({ roomId: this.roomId, seq, epoch, body }));
  }

  private async range(from: number, to: number, count: number): Promise<LogEntry[]> {
    this.reads.push(`${from}-${to}`);
    if (this.failures > 0) {
      this.failures--;
      throw new Error('log cannot be read');
    }
    await this.delay();
    return this.slice(from, to).slice(0, count);
  }
}

/** A message as it comes from the stream. */
export function entry(roomId: number, seq: number, epoch = 'e1', extra = ''): DispatchEntry {
  return { roomId, seq, epoch, body: `{"op":3,"msg":"m${seq}${extra}"` };
}
