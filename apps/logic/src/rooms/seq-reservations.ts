import { AppError } from '@parley/protocol';
import type { EntityManager } from 'typeorm';
import type { SqlWriter } from '../database/sql-writer.js';

/** Sequence numbers above `floor`, up to `ceiling`. */
export interface ReservedSeqs {
  readonly floor: number;
  readonly ceiling: number;
}

interface Asked {
  readonly roomId: number;
  readonly above: number;
  readonly count: number;
  readonly resolve: (reserved: ReservedSeqs) => void;
  readonly reject: (error: unknown) => void;
}

/** Rooms in one transaction at the most: others wait for the writer, too. */
export const MAX_ROOMS_PER_TRANSACTION = 200;

/**
 * Reserves sequence numbers of rooms in SQL. Those asked for while a transaction is under way share the next one: when a
 * thousand rooms open at once, a commit of each, one after another, takes half a minute on an ordinary disk.
 */
export class SeqReservations {
  private asked: Asked[] = [];
  private isWriting = false;

  constructor(private readonly writer: Pick<SqlWriter, 'run'>) {}

  /**
   * @param above - The highest number known from elsewhere; those that are reserved are above it, too.
   * @returns `count` numbers that nobody has reserved before, once that is committed.
   * @throws {AppError} `ROOM_NOT_FOUND`, or what the writer throws.
   */
  reserve(roomId: number, above: number, count: number): Promise<ReservedSeqs> {
    return new Promise((resolve, reject) => {
      this.asked.push({ roomId, above, count, resolve, reject });
      if (!this.isWriting) void this.write();
    });
  }

  private async write(): Promise<void> {
    this.isWriting = true;
    while (this.asked.length > 0) {
      const batch = this.takeBatch();
      try {
        const ceilings = await this.writer.run((manager) => moveCeilings(manager, batch));
        for (const { roomId, count, resolve, reject } of batch) {
          const ceiling = ceilings.get(roomId);
          if (ceiling === undefined) reject(new AppError('ROOM_NOT_FOUND', { context: { roomId } }));
          else resolve({ floor: ceiling - count, ceiling });
        }
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.isWriting = false;
  }

  /** Each room once: who asks for the same one again gets numbers of a later transaction. */
  private takeBatch(): Asked[] {
    const batch = new Map<number, Asked>();
    const later: Asked[] = [];
    for (const asked of this.asked)
      if (batch.size < MAX_ROOMS_PER_TRANSACTION && !batch.has(asked.roomId)) batch.set(asked.roomId, asked);
      else later.push(asked);
    this.asked = later;
    // In one order everywhere: two processes never wait for each other's rows.
    return [...batch.values()].sort((a, b) => a.roomId - b.roomId);
  }
}

/** @returns The ceilings in force, of the rooms that there are. */
async function moveCeilings(
  manager: EntityManager,
  batch: readonly Asked[],
): Promise<ReadonlyMap<number, number>> {
  for (const { roomId, above, count } of batch)
    await manager.query(
      // Numbers above a position that was kept may be issued from now on.
      `UPDATE rooms SET parked_epoch = NULL,
         seq_ceiling = CASE WHEN seq_ceiling > $1 THEN seq_ceiling ELSE $1 END + $2
       WHERE id = $3`,
      [above, count, roomId],
    );
  const places = batch.map((_, i) => `$${i + 1}`).join(', ');
  const rows = (await manager.query(
    `SELECT id, seq_ceiling FROM rooms WHERE id IN (${places})`,
    batch.map(({ roomId }) => roomId),
  )) as { id: number | string; seq_ceiling: number | string }[];
  // Postgres writes large numbers as texts.
  return new Map(rows.map((row) => [Number(row.id), Number(row.seq_ceiling)]));
}
