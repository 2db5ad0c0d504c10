import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, Like } from 'typeorm';
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

  /** The conversation of two users; made when they have none. Two callers at once get the same one. */
  async findOrCreateDirect(userA: number, userB: number): Promise<RoomRow> {
    const directKey = `${Math.min(userA, userB)}:${Math.max(userA, userB)}`;
    const row = {
      name: '',
      kind: 'direct' as const,
      directKey,
      createdBy: userA,
      createdAt: Date.now(),
      seqCeiling: 0,
    };
    if (!(await this.rooms.findOneBy({ directKey }))) {
      await this.writer.run((manager) =>
        manager.createQueryBuilder().insert().into(RoomEntity).values(row).orIgnore().execute(),
      );
    }
    return rowOf(await this.rooms.findOneByOrFail({ directKey }));
  }

  /** A user's conversations, each with the other user; the newest first. */
  async listDirect(
    userId: number,
  ): Promise<{ roomId: number; peer: { userId: number; userName: string } }[]> {
    const rooms = await this.rooms.find({
      where: [{ directKey: Like(`${userId}:%`) }, { directKey: Like(`%:${userId}`) }],
      order: { id: 'DESC' },
      take: MAX_LISTED,
    });
    const peerOf = (room: RoomEntity) =>
      (room.directKey ?? '')
        .split(':')
        .map(Number)
        .find((id) => id !== userId) ?? 0;
    const peers = await this.dataSource.getRepository(UserEntity).findByIds(rooms.map(peerOf));
    const names = new Map(peers.map(({ id, name }) => [id, name]));
    return rooms.map((room) => ({
      roomId: room.id,
      peer: { userId: peerOf(room), userName: names.get(peerOf(room)) ?? '' },
    }));
  }

  async readSeqCeiling(roomId: number): Promise<number> {
    return (await this.rooms.findOneBy({ id: roomId }))?.seqCeiling ?? 0;
  }

  /** Reserves sequence numbers up to `ceiling`; never lowers. Answers the ceiling in force. */
  async raiseSeqCeiling(roomId: number, ceiling: number): Promise<number> {
    await this.writer.run((manager) =>
      manager
        .createQueryBuilder()
        .update(RoomEntity)
        .set({ seqCeiling: ceiling })
        .where('id = :roomId AND seq_ceiling < :ceiling', { roomId, ceiling })
        .execute(),
    );
    return this.readSeqCeiling(roomId);
  }

  private get rooms() {
    return this.dataSource.getRepository(RoomEntity);
  }
}

const rowOf = ({ id, name, kind, directKey }: RoomEntity): RoomRow => ({ roomId: id, name, kind, directKey });
