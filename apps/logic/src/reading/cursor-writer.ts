import { AppError } from '@parley/protocol';
import type { ReadCursor } from './read-cursors.repository.js';

/** Batches begin at least this far apart, milliseconds: however many people read, SQL has ten transactions a second of it. */
const BATCH_INTERVAL_MS = 100;
/** Positions that wait for their batch; more are refused. */
const MAX_WAITING = 10_000;

interface Waiting {
  cursor: ReadCursor;
  readonly inForce: Promise<number>;
  resolve(seq: number): void;
  reject(error: unknown): void;
}

/**
 * Writes positions in batches, each answered once it is committed. Of several of one user and room the furthest is written:
 * a busy room costs SQL a row for each reader and batch, whatever is said in it.
 */
export class CursorWriter {
  private waiting = new Map<string, Waiting>();
  private isWriting = false;

  constructor(private readonly write: (cursors: readonly ReadCursor[]) => Promise<readonly number[]>) {}

  /**
   * @returns The position in force.
   * @throws {AppError} `OVERLOADED` when too many wait; what the write throws.
   */
  raise(cursor: ReadCursor): Promise<number> {
    const key = `${cursor.userId} ${cursor.roomId}`;
    const known = this.waiting.get(key);
    if (known) {
      if (cursor.seq > known.cursor.seq) known.cursor = cursor;
      return known.inForce;
    }
    if (this.waiting.size >= MAX_WAITING) throw new AppError('OVERLOADED', { retryAfterMs: 1_000 });
    let settle!: Pick<Waiting, 'resolve' | 'reject'>;
    const inForce = new Promise<number>((resolve, reject) => (settle = { resolve, reject }));
    this.waiting.set(key, { cursor, inForce, ...settle });
    if (!this.isWriting) void this.writeAll();
    return inForce;
  }

  private async writeAll(): Promise<void> {
    this.isWriting = true;
    // Those of one call come in one turn: they are one batch.
    await Promise.resolve();
    while (this.waiting.size > 0) {
      const pause = new Promise<void>((resolve) => setTimeout(resolve, BATCH_INTERVAL_MS));
      const batch = [...this.waiting.values()];
      this.waiting = new Map();
      try {
        const seqs = await this.write(batch.map(({ cursor }) => cursor));
        batch.forEach(({ cursor, resolve }, i) => resolve(seqs[i] ?? cursor.seq));
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
      await pause;
    }
    // In the turn of the last look: whoever comes next starts anew.
    this.isWriting = false;
  }
}
