import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { AppError } from '@parley/protocol';
import { DataSource, In } from 'typeorm';
import { RoomEntity } from '../database/room.entity.js';
import { SqlWriter } from '../database/sql-writer.js';
import { UserEntity } from '../database/user.entity.js';

/** A room as SQL knows it. */
export interface RoomRow {
  readonly roomId: number;
  readonly name: string;
  readonly kind: 'room' | 'direct';
  readonly directKey: string | null;
}

/** A conversation as one of its users sees it. */
export interface DirectRow {
  readonly roomId: number;
  readonly peer: { readonly userId: number; readonly userName: string };
}

/** Times are milliseconds since 1970, null when not set. */
export interface Membership {
  readonly role: string;
  readonly mutedUntil: number | null;
  readonly bannedUntil: number | null;
}

/** Rooms listed at the most. */
const MAX_LISTED = 500;

/** Rooms and conversations in SQL. */
@Injectable()
export class RoomsRepository {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(SqlWriter) private readonly writer: SqlWriter,
  ) {}

  async list(): Promise<RoomRow[]> {
    const rooms = await this.rooms.find({ where: { kind: 'room' }, order: { id: 'ASC' }, take: MAX_LISTED });
    return rooms.map(rowOf);
  }

  async get(roomId: number): Promise<RoomRow | undefined> {
    const room = await this.rooms.findOneBy({ id: roomId });
    return room ? rowOf(room) : undefined;
  }

  async create(name: string, userId: number): Promise<RoomRow> {
    const row = {
      name,
      kind: 'room' as const,
      directKey: null,
      createdBy: userId,
      createdAt: Date.now(),
      seqCeiling: 0,
    };
    const { identifiers } = await this.writer.run((manager) => manager.insert(RoomEntity, row));
    return { roomId: Number(identifiers[0]?.['id']), name, kind: 'room', directKey: null };
  }

  /**
   * The conversation of two users; made when they have none. Two callers at once get the same one.
   *
   * @throws {AppError} `USER_NOT_FOUND` when either does not exist; `INVALID` for a conversation with oneself.
   */
  async findOrCreateDirect(userA: number, userB: number): Promise<RoomRow> {
    if (userA === userB) throw new AppError('INVALID', { fields: ['toUserId'] });
    const directKey = `${Math.min(userA, userB)}:${Math.max(userA, userB)}`;
    const known = await this.rooms.findOneBy({ directKey });
    if (known) return rowOf(known);
    return this.writer.run(async (manager) => {
      const userIds = [userA, userB];
      if ((await manager.countBy(UserEntity, { id: In(userIds) })) < userIds.length)
        throw new AppError('USER_NOT_FOUND');
      await manager.query(
        `INSERT INTO rooms (name, kind, direct_key, created_by, created_at, seq_ceiling)
         VALUES ('', 'direct', $1, $2, $3, 0) ON CONFLICT DO NOTHING`,
        [directKey, userA, Date.now()],
      );
      const room = await manager.findOneByOrFail(RoomEntity, { directKey });
      for (const userId of userIds)
        await manager.query(
          `INSERT INTO memberships (room_id, user_id, role) VALUES ($1, $2, 'member') ON CONFLICT DO NOTHING`,
          [room.id, userId],
        );
      return rowOf(room);
    });
  }

  /** A user's conversations, each with the other user; the most recently used first. */
  async listDirect(userId: number): Promise<DirectRow[]> {
    const rows: { room_id: unknown; user_id: unknown; name: string }[] = await this.dataSource.query(
      `SELECT room_id, user_id, name FROM (
         SELECT r.id AS room_id, u.id AS user_id, u.name, COALESCE(
           (SELECT m.sent_at FROM messages m WHERE m.room_id = r.id ORDER BY m.seq DESC LIMIT 1),
           r.created_at) AS used_at
         FROM memberships mine
         JOIN rooms r ON r.id = mine.room_id AND r.kind = 'direct'
         JOIN memberships theirs ON theirs.room_id = r.id AND theirs.user_id <> mine.user_id
         JOIN users u ON u.id = theirs.user_id
         WHERE mine.user_id = $1) AS conversations
       ORDER BY used_at DESC, room_id DESC LIMIT ${MAX_LISTED}`,
      [userId],
    );
    return rows.map(({ room_id, user_id, name }) => ({
      roomId: Number(room_id),
      peer: { userId: Number(user_id), userName: name },
    }));
  }

  /** What has been set for a user in a room; undefined for most, who are plain visitors of an open room. */
  async membership(roomId: number, userId: number): Promise<Membership | undefined> {
    const [row]: { role: string; muted_until: unknown; banned_until: unknown }[] =
      await this.dataSource.query(
        'SELECT role, muted_until, banned_until FROM memberships WHERE room_id = $1 AND user_id = $2',
        [roomId, userId],
      );
    const time = (value: unknown) => (value === null ? null : Number(value));
    return row && { role: row.role, mutedUntil: time(row.muted_until), bannedUntil: time(row.banned_until) };
  }

  /** Whether the room exists, is open or the user's own conversation, and has not banned him. */
  async canAccess(roomId: number, userId: number, nowMs = Date.now()): Promise<boolean> {
    const room = await this.get(roomId);
    if (!room) return false;
    const membership = await this.membership(roomId, userId);
    if (!membership) return room.kind === 'room';
    return (membership.bannedUntil ?? 0) <= nowMs;
  }

  async isBanned(roomId: number, userId: number, nowMs = Date.now()): Promise<boolean> {
    return ((await this.membership(roomId, userId))?.bannedUntil ?? 0) > nowMs;
  }

  async isMuted(roomId: number, userId: number, nowMs = Date.now()): Promise<boolean> {
    return ((await this.membership(roomId, userId))?.mutedUntil ?? 0) > nowMs;
  }

  /** No seq above it has ever been issued; 0 for a room that is not there. */
  async readSeqCeiling(roomId: number): Promise<number> {
    return (await this.rooms.findOneBy({ id: roomId }))?.seqCeiling ?? 0;
  }

  /**
   * Reserves sequence numbers up to `ceiling`; never lowers.
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
      const room = await manager.findOneBy(RoomEntity, { id: roomId });
      if (!room) throw new AppError('ROOM_NOT_FOUND', { context: { roomId } });
      return room.seqCeiling;
    });
  }

  private get rooms() {
    return this.dataSource.getRepository(RoomEntity);
  }
}

const rowOf = ({ id, name, kind, directKey }: RoomEntity): RoomRow => ({ roomId: id, name, kind, directKey });
