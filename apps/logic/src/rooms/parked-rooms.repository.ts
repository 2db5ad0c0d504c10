import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { ParkedPosition } from '@parley/redis';
import { DataSource } from 'typeorm';
import { SqlWriter } from '../database/sql-writer.js';
import type { UsePosition } from './rooms.repository.js';

/**
 * Where rooms stood when they left Redis. A position ends when numbers above it are reserved, in the same transaction
 * (`raiseSeqCeiling`), and counts in the generation of its shard alone.
 *
 * @see docs/adr/0013-rooms-leave-redis.md
 */
@Injectable()
export class ParkedRoomsRepository {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(SqlWriter) private readonly writer: SqlWriter,
  ) {}

  /** Rooms and conversations that may be in Redis and were not used since, the longest unused first. */
  async candidates(usedBefore: number, limit: number, after?: UsePosition): Promise<UsePosition[]> {
    const rows: { id: unknown; used_at: unknown }[] = await this.dataSource.query(
      `SELECT id, used_at FROM rooms WHERE resident = 1 AND used_at < $1 AND (used_at, id) > ($2, $3)
       ORDER BY used_at, id LIMIT $4`,
      [usedBefore, after?.usedAt ?? -1, after?.roomId ?? 0, limit],
    );
    return rows.map(({ id, used_at }) => ({ roomId: Number(id), usedAt: Number(used_at) }));
  }

  /** Where the room stood when it last left Redis; undefined when it never did. */
  async find(roomId: number): Promise<ParkedPosition | undefined> {
    const [row]: {
      parked_epoch: string | null;
      parked_seq: unknown;
      parked_floor: unknown;
      parked_generation: string;
    }[] = await this.dataSource.query(
      'SELECT parked_epoch, parked_seq, parked_floor, parked_generation FROM rooms WHERE id = $1',
      [roomId],
    );
    if (!row || row.parked_epoch === null) return undefined;
    return {
      epoch: row.parked_epoch,
      seq: Number(row.parked_seq),
      floor: Number(row.parked_floor),
      generation: row.parked_generation,
    };
  }

  /**
   * Notes where rooms stand that are about to leave Redis, and that they have left. A later position is never replaced by
   * an earlier one: whoever was slow may not undo what another has noted since.
   */
  async park(
    rooms: readonly { readonly roomId: number; readonly position: ParkedPosition }[],
  ): Promise<void> {
    await this.writer.run(async (manager) => {
      for (const { roomId, position } of rooms.toSorted((a, b) => a.roomId - b.roomId))
        await manager.query(
          `UPDATE rooms SET parked_epoch = $1, parked_seq = $2, parked_floor = $3, parked_generation = $4, resident = 0
           WHERE id = $5 AND COALESCE(parked_seq, 0) <= $6`,
          [position.epoch, position.seq, position.floor, position.generation, roomId, position.seq],
        );
    });
  }

  /** Takes back what {@link park} noted of rooms that have stayed. */
  async unpark(
    rooms: readonly { readonly roomId: number; readonly position: ParkedPosition }[],
  ): Promise<void> {
    if (rooms.length === 0) return;
    await this.writer.run(async (manager) => {
      for (const { roomId, position } of rooms.toSorted((a, b) => a.roomId - b.roomId))
        await manager.query(
          `UPDATE rooms SET parked_epoch = NULL, resident = 1 WHERE id = $1 AND parked_seq = $2 AND parked_epoch = $3`,
          [roomId, position.seq, position.epoch],
        );
    });
  }

  /** Notes whether rooms may be in Redis. */
  async markResident(roomIds: readonly number[], isResident: boolean): Promise<void> {
    if (roomIds.length === 0) return;
    const list = roomIds
      .map(Number)
      .toSorted((a, b) => a - b)
      .join(', ');
    const value = isResident ? 1 : 0;
    await this.writer.run((manager) =>
      manager.query(`UPDATE rooms SET resident = ${value} WHERE id IN (${list}) AND resident <> ${value}`),
    );
  }
}
