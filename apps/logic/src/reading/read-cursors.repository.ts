import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { placer } from '../database/placer.js';
import { SqlWriter } from '../database/sql-writer.js';
import type { UsePosition } from '../rooms/rooms.repository.js';

/** How far a user has read a room. */
export interface ReadCursor {
  readonly userId: number;
  readonly roomId: number;
  readonly seq: number;
}

/** A room that a user follows, or one of his conversations. */
export interface FollowedRoom extends UsePosition {
  readonly kind: 'room' | 'direct';
  /** Everything up to here is read; 0 for a conversation that was never opened. */
  readonly seq: number;
  /** The last seq that is in SQL; 0 for none. */
  readonly archived: number;
}

/** Rows of one INSERT, three variables each. */
const ROWS_PER_INSERT = 1_000;

/** Read positions in SQL. Whoever has one in a room follows it. */
@Injectable()
export class ReadCursorsRepository {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(SqlWriter) private readonly writer: SqlWriter,
  ) {}

  /**
   * Moves positions forward, in one transaction; one that is further already stays.
   *
   * @param cursors - Each user and room once.
   * @returns The positions in force, in the same order, once they are committed.
   */
  async raise(cursors: readonly ReadCursor[]): Promise<number[]> {
    // In one order for all: two processes that raise the same ones would otherwise wait for each other.
    const sorted = cursors.toSorted((a, b) => a.userId - b.userId || a.roomId - b.roomId);
    const inForce = new Map<string, number>();
    await this.writer.run(async (manager) => {
      for (let i = 0; i < sorted.length; i += ROWS_PER_INSERT) {
        const chunk = sorted.slice(i, i + ROWS_PER_INSERT);
        const values: unknown[] = [];
        const place = placer(manager, values);
        const rows = chunk.map((c) => `(${[c.userId, c.roomId, c.seq].map(place).join(', ')})`);
        await manager.query(
          `INSERT INTO read_cursors (user_id, room_id, seq) VALUES ${rows.join(', ')}
           ON CONFLICT (room_id, user_id) DO UPDATE SET seq = excluded.seq WHERE excluded.seq > read_cursors.seq`,
          values,
        );
        const asked: unknown[] = [];
        const placeAsked = placer(manager, asked);
        const pairs = chunk.map(
          (c) => `(CAST(${placeAsked(c.userId)} AS BIGINT), CAST(${placeAsked(c.roomId)} AS BIGINT))`,
        );
        const found: { user_id: unknown; room_id: unknown; seq: unknown }[] = await manager.query(
          `SELECT user_id, room_id, seq FROM read_cursors WHERE (user_id, room_id) IN (VALUES ${pairs.join(', ')})`,
          asked,
        );
        for (const row of found)
          inForce.set(`${Number(row.user_id)} ${Number(row.room_id)}`, Number(row.seq));
      }
    });
    return cursors.map((c) => inForce.get(`${c.userId} ${c.roomId}`) ?? c.seq);
  }

  /** Forgets the position; nothing happens without one. */
  async forget(userId: number, roomId: number): Promise<void> {
    await this.writer.run((manager) =>
      manager.query('DELETE FROM read_cursors WHERE user_id = $1 AND room_id = $2', [userId, roomId]),
    );
  }

  /**
   * What the user follows, and his conversations, the most recently used first. Reads the user's own rows alone, by index,
   * however many others there are.
   */
  async followed(userId: number, limit: number, after?: UsePosition): Promise<FollowedRoom[]> {
    const [below, place] = after
      ? ['WHERE (r.used_at, r.id) < ($2, $3)', [after.usedAt, after.roomId]]
      : ['', []];
    const rows: { room_id: unknown; used_at: unknown; kind: string; seq: unknown; archived: unknown }[] =
      await this.dataSource.query(
        `SELECT page.room_id, page.used_at, page.kind, page.seq,
           (SELECT MAX(m.seq) FROM messages m WHERE m.room_id = page.room_id) AS archived
         FROM (SELECT r.id AS room_id, r.used_at, r.kind, mine.seq
               FROM (SELECT room_id, seq FROM read_cursors WHERE user_id = $1
                     UNION ALL
                     SELECT d.id, 0 FROM memberships m JOIN rooms d ON d.id = m.room_id AND d.kind = 'direct'
                     WHERE m.user_id = $1 AND NOT EXISTS
                       (SELECT 1 FROM read_cursors c WHERE c.user_id = $1 AND c.room_id = m.room_id)) AS mine
               JOIN rooms r ON r.id = mine.room_id ${below}
               ORDER BY r.used_at DESC, r.id DESC LIMIT $${place.length + 2}) AS page
         ORDER BY page.used_at DESC, page.room_id DESC`,
        [userId, ...place, limit],
      );
    return rows.map((row) => ({
      roomId: Number(row.room_id),
      usedAt: Number(row.used_at),
      kind: row.kind === 'direct' ? 'direct' : 'room',
      seq: Number(row.seq),
      archived: Number(row.archived ?? 0),
    }));
  }
}
