import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { nameKey } from '@parley/contracts/name-key';
import { AppError, isStorable } from '@parley/protocol';
import { DataSource, In, type EntityManager } from 'typeorm';
import { RoomEntity } from '../database/room.entity.js';
import { IdIssuer } from '../database/id-issuer.js';
import { isUniqueViolation } from '../database/sql-errors.js';
import { SqlWriter } from '../database/sql-writer.js';
import { RecordRepository } from '../record/record.repository.js';
import { UserEntity } from '../database/user.entity.js';
import { SeqReservations, type ReservedSeqs } from './seq-reservations.js';

/** A room as SQL knows it. */
export interface RoomRow {
  readonly roomId: number;
  readonly name: string;
  readonly kind: 'room' | 'direct';
  readonly directKey: string | null;
  /** It is in no list, and open to members alone. */
  readonly isPrivate?: true;
}

/** A room that was asked for. */
export interface MadeRoom extends RoomRow {
  /** The first one who asked with the key has made it. */
  readonly wasThere?: true;
}

/** How a room is made; see {@link RoomsRepository.create}. */
export interface RoomCreation {
  readonly most?: number;
  readonly isPrivate?: boolean;
  readonly key?: string | undefined;
}

/** A place in a list that is ordered by use: what comes after it was used earlier. */
export interface UsePosition {
  readonly usedAt: number;
  readonly roomId: number;
}

/** A conversation as one of its users sees it. */
export interface DirectRow extends UsePosition {
  readonly peer: { readonly userId: number; readonly userName: string };
  /** The last seq that is in SQL; 0 for none. */
  readonly archived: number;
}

/** Rooms and conversations in SQL. */
@Injectable()
export class RoomsRepository {
  private readonly reservations: SeqReservations;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(SqlWriter) private readonly writer: SqlWriter,
    @Inject(IdIssuer) private readonly ids: IdIssuer,
    @Inject(RecordRepository) private readonly record: Pick<RecordRepository, 'found'>,
  ) {
    this.reservations = new SeqReservations(writer);
  }

  /** Rooms, the most recently used first: the first `limit` of them, or those after a place in the list. */
  async list(limit: number, after?: UsePosition): Promise<(UsePosition & { readonly name: string })[]> {
    // SQLite numbers variables as they appear, so they are named in that order.
    const [below, place] = after ? ['AND (used_at, id) < ($1, $2)', [after.usedAt, after.roomId]] : ['', []];
    const rows: { id: unknown; used_at: unknown; name: string }[] = await this.dataSource.query(
      `SELECT id, used_at, name FROM rooms WHERE kind = 'room' AND private = 0 ${below}
       ORDER BY used_at DESC, id DESC LIMIT $${place.length + 1}`,
      [...place, limit],
    );
    return rows.map(({ id, used_at, name }) => ({ roomId: Number(id), usedAt: Number(used_at), name }));
  }

  /** Private rooms in which somebody has a place (see {@link hasMember}; guests have no lists), the most recently used first. */
  async listPrivate(
    userId: number,
    limit: number,
  ): Promise<(UsePosition & { readonly name: string; readonly nameKey: string })[]> {
    const rows: { id: unknown; used_at: unknown; name: string; name_key: string }[] =
      await this.dataSource.query(
        `SELECT id, used_at, name, name_key FROM rooms
         WHERE kind = 'room' AND private = 1 AND id IN (
           SELECT room_id FROM memberships WHERE user_id = $1
           UNION SELECT room_id FROM room_facts WHERE name = $2 AND value IS NOT NULL)
         ORDER BY used_at DESC, id DESC LIMIT $3`,
        [userId, `r${userId}`, limit],
      );
    return rows.map(({ id, used_at, name, name_key }) => ({
      ...{ roomId: Number(id), usedAt: Number(used_at), name, nameKey: name_key },
    }));
  }

  async get(roomId: number): Promise<RoomRow | undefined> {
    const room = await this.rooms.findOneBy({ id: roomId });
    return room ? rowOf(room) : undefined;
  }

  /** Whether somebody has a place in a private room: he was let in, is its guest, or has a role there. */
  async hasMember(roomId: number, userId: number): Promise<boolean> {
    const rows: unknown[] = await this.dataSource.query(
      `SELECT 1 FROM memberships WHERE room_id = $1 AND user_id = $2
       UNION ALL SELECT 1 FROM guests WHERE room_id = $1 AND user_id = $2 AND admitted_at IS NOT NULL
       UNION ALL SELECT 1 FROM room_facts WHERE room_id = $1 AND name = $3 AND value IS NOT NULL`,
      [roomId, userId, `r${userId}`],
    );
    return rows.length > 0;
  }

  /** When a guest was let in, milliseconds since 1970; 0 for who was not, undefined for who is no guest. */
  async guestAdmittedAt(userId: number): Promise<number | undefined> {
    const [guest]: { admitted_at: unknown }[] = await this.dataSource.query(
      'SELECT admitted_at FROM guests WHERE user_id = $1',
      [userId],
    );
    return guest && Number(guest.admitted_at ?? 0);
  }

  /**
   * @param options - `most`: rooms that this user may have made, this one included. `isPrivate`: it is in no list from the start.
   *   `key`: who asks for it again with the same one gets the room that he has made by it.
   * @throws {AppError} `ROOM_LIMIT` when he has made so many; `INVALID` for a name that SQL cannot hold.
   */
  async create(
    name: string,
    userId: number,
    { most = Infinity, isPrivate = false, key }: RoomCreation = {},
  ): Promise<MadeRoom> {
    if (!isStorable(name)) throw new AppError('INVALID', { fields: ['name'] });
    const nowMs = Date.now();
    const row = {
      name,
      nameKey: nameKey(name),
      kind: 'room' as const,
      directKey: null,
      createdBy: userId,
      createdAt: nowMs,
      seqCeiling: 0,
      usedAt: nowMs,
      isPrivate: isPrivate ? 1 : 0,
      madeByKey: key ?? null,
    };
    const known = async (manager: EntityManager): Promise<MadeRoom | undefined> => {
      if (key === undefined) return undefined;
      const made = await manager.findOneBy(RoomEntity, { createdBy: userId, madeByKey: key });
      return made ? { ...rowOf(made), wasThere: true } : undefined;
    };
    const make = async (manager: EntityManager): Promise<MadeRoom> => {
      // On Postgres two transactions of one user would each count without the other's room.
      if (Number.isFinite(most)) await lockUser(manager, userId);
      const made = await known(manager);
      if (made) return made;
      if (Number.isFinite(most)) {
        const count = await manager.countBy(RoomEntity, { createdBy: userId, kind: 'room' });
        if (count >= most) throw new AppError('ROOM_LIMIT');
      }
      const { identifiers } = await manager.insert(RoomEntity, { ...row });
      const roomId = Number(identifiers[0]?.['id']);
      await this.record.found(manager, roomId, userId);
      return { roomId, name, kind: 'room', directKey: null, ...(isPrivate && { isPrivate: true as const }) };
    };
    try {
      return await this.ids.run('rooms', make, ({ roomId, wasThere }) => (wasThere ? undefined : roomId));
    } catch (error) {
      // The same was asked for twice at once.
      const made = isUniqueViolation(error) ? await known(this.dataSource.manager) : undefined;
      if (!made) throw error;
      return made;
    }
  }

  /** Says that these rooms and conversations were in use just now. */
  async markUsed(roomIds: readonly number[], nowMs: number): Promise<void> {
    const list = roomIds.map(Number).join(', ');
    await this.writer.run(async (manager) => {
      const stale = `id IN (${list}) AND used_at < $1`;
      // Two processes that mark the same rooms would wait for each other: whoever holds a row marks it himself.
      const rows = isPostgres(manager)
        ? `id IN (SELECT id FROM rooms WHERE ${stale} FOR UPDATE SKIP LOCKED)`
        : stale;
      await manager.query(`UPDATE rooms SET used_at = $1, resident = 1 WHERE ${rows}`, [nowMs]);
    });
  }

  /**
   * The conversation of two users; made when they have none. Two callers at once get the same one.
   *
   * @throws {AppError} `USER_NOT_FOUND` when either does not exist; `INVALID` for a conversation with oneself.
   */
  async findOrCreateDirect(userA: number, userB: number): Promise<RoomRow> {
    if (userA === userB) throw new AppError('INVALID', { fields: ['toUserId'] });
    const directKey = directKeyOf(userA, userB);
    const known = await this.rooms.findOneBy({ directKey });
    if (known) return rowOf(known);
    const make = async (manager: EntityManager): Promise<{ row: RoomRow; isNew: boolean }> => {
      const userIds = [userA, userB];
      const isNew = !(await manager.existsBy(RoomEntity, { directKey }));
      if ((await manager.countBy(UserEntity, { id: In(userIds) })) < userIds.length)
        throw new AppError('USER_NOT_FOUND');
      await manager.query(
        `INSERT INTO rooms (name, kind, direct_key, created_by, created_at, seq_ceiling, used_at)
         VALUES ('', 'direct', $1, $2, $3, 0, $3) ON CONFLICT DO NOTHING`,
        [directKey, userA, Date.now()],
      );
      const room = await manager.findOneByOrFail(RoomEntity, { directKey });
      for (const userId of userIds)
        await manager.query(
          `INSERT INTO memberships (room_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
          [room.id, userId],
        );
      return { row: rowOf(room), isNew };
    };
    const made = await this.ids.run('rooms', make, ({ row, isNew }) => (isNew ? row.roomId : undefined));
    return made.row;
  }

  /**
   * A user's conversations, each with the other user; the most recently used first. Reads the user's own conversations
   * alone, by index, however many others there are.
   */
  listDirect(userId: number, limit: number, after?: UsePosition): Promise<DirectRow[]> {
    return after
      ? this.directRows(userId, 'AND (r.used_at, r.id) < ($2, $3)', [after.usedAt, after.roomId], limit)
      : this.directRows(userId, '', [], limit);
  }

  /** A user's conversation with another, if they have one. */
  async findDirect(userId: number, peerId: number): Promise<DirectRow | undefined> {
    const [found] = await this.directRows(userId, 'AND r.direct_key = $2', [directKeyOf(userId, peerId)], 1);
    return found;
  }

  /** @param which - Of his conversations, in SQL; `$2` and so on are `place`. */
  private async directRows(
    userId: number,
    which: string,
    place: readonly unknown[],
    limit: number,
  ): Promise<DirectRow[]> {
    const rows: {
      room_id: unknown;
      used_at: unknown;
      user_id: unknown;
      name: string;
      archived: unknown;
    }[] = await this.dataSource.query(
      `SELECT page.room_id, page.used_at, u.id AS user_id, u.name,
         (SELECT MAX(m.seq) FROM messages m WHERE m.room_id = page.room_id) AS archived
       FROM (SELECT r.id AS room_id, r.used_at
             FROM memberships mine JOIN rooms r ON r.id = mine.room_id AND r.kind = 'direct'
             WHERE mine.user_id = $1 ${which}
             ORDER BY r.used_at DESC, r.id DESC LIMIT $${place.length + 2}) AS page
       JOIN memberships theirs ON theirs.room_id = page.room_id AND theirs.user_id <> $1
       JOIN users u ON u.id = theirs.user_id
       ORDER BY page.used_at DESC, page.room_id DESC`,
      [userId, ...place, limit],
    );
    return rows.map(({ room_id, used_at, user_id, name, archived }) => ({
      roomId: Number(room_id),
      usedAt: Number(used_at),
      peer: { userId: Number(user_id), userName: name },
      archived: Number(archived ?? 0),
    }));
  }

  /**
   * Reserves sequence numbers that nobody has reserved before, in one step: of two who restore the same room, also when one
   * of them was paused in between, each gets numbers of its own.
   *
   * @param above - The highest number known from elsewhere; those that are reserved are above it, too.
   * @returns Numbers above `floor`, up to `ceiling`, once that is committed.
   * @throws {AppError} `ROOM_NOT_FOUND`.
   */
  reserveSeqs(roomId: number, above: number, count: number): Promise<ReservedSeqs> {
    return this.reservations.reserve(roomId, above, count);
  }

  /**
   * Reserves sequence numbers up to `ceiling` for the epoch that is under way; never lowers.
   *
   * @returns The ceiling in force, once it is committed.
   * @throws {AppError} `ROOM_NOT_FOUND`.
   */
  async raiseSeqCeiling(roomId: number, ceiling: number): Promise<number> {
    return this.writer.run(async (manager) => {
      await manager
        .createQueryBuilder()
        .update(RoomEntity)
        .set({ seqCeiling: ceiling })
        .where('id = :roomId AND seq_ceiling < :ceiling', { roomId, ceiling })
        .execute();
      // Numbers above a position that was kept may be issued from now on.
      await manager.query('UPDATE rooms SET parked_epoch = NULL WHERE id = $1 AND parked_epoch IS NOT NULL', [
        roomId,
      ]);
      const room = await manager.findOneBy(RoomEntity, { id: roomId });
      if (!room) throw new AppError('ROOM_NOT_FOUND', { context: { roomId } });
      return room.seqCeiling;
    });
  }

  private get rooms() {
    return this.dataSource.getRepository(RoomEntity);
  }
}

const directKeyOf = (userA: number, userB: number): string =>
  `${Math.min(userA, userB)}:${Math.max(userA, userB)}`;

const rowOf = ({ id, name, kind, directKey, isPrivate }: RoomEntity): RoomRow => ({
  ...{ roomId: id, name, kind, directKey },
  ...(isPrivate === 1 && { isPrivate: true as const }),
});

const isPostgres = (manager: EntityManager) => manager.connection.options.type === 'postgres';

/** Holds a user's row until the transaction ends. SQLite has one writer and needs no lock. */
async function lockUser(manager: EntityManager, userId: number): Promise<void> {
  if (isPostgres(manager)) await manager.query('SELECT 1 FROM users WHERE id = $1 FOR UPDATE', [userId]);
}
