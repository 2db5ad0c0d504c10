import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { AppError } from '@parley/protocol';
import { DataSource, type EntityManager } from 'typeorm';
import { isUniqueViolation } from '../database/sql-errors.js';
import { SqlWriter } from '../database/sql-writer.js';
import { logAtDoor, type DoorActor } from './door-log.js';
import { lockRoom } from './room-lock.js';
import { newRoomCode } from './secrets.js';

/** How a room's door stands. */
export interface RoomDoor {
  readonly roomId: number;
  readonly name: string;
  readonly isPrivate: boolean;
  readonly passwordHash: string | undefined;
  readonly code: string | undefined;
}

/** What is to be changed. `code`: a new one, or none. Null takes the password away. */
export interface DoorChange {
  readonly isPrivate?: boolean | undefined;
  readonly passwordHash?: string | null | undefined;
  readonly code?: boolean | undefined;
}

/** Codes tried before giving up: there are 887 million of them. */
const MAX_CODES = 5;
const COLUMNS = 'id, name, private, password_hash, code';

/** Doors of rooms in SQL: privacy, password, code, and who is a member of a private room. */
@Injectable()
export class RoomDoorsRepository {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(SqlWriter) private readonly writer: SqlWriter,
  ) {}

  /** @throws {AppError} `ROOM_NOT_FOUND`. */
  async get(roomId: number): Promise<RoomDoor> {
    return this.one('id = $1', roomId);
  }

  /** @throws {AppError} `ROOM_NOT_FOUND`. */
  async byCode(code: string): Promise<RoomDoor> {
    return this.one('code = $1', code);
  }

  /**
   * Changes a door, and says so in its log. `present` become members of a room that is closed.
   *
   * @throws {AppError} `INVALID` for a password without privacy: it would keep nobody out.
   */
  async change(
    roomId: number,
    actor: DoorActor,
    change: DoorChange,
    present: readonly number[],
  ): Promise<RoomDoor> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.writer.run((manager) => changed(manager, roomId, actor, change, present));
      } catch (error) {
        if (!change.code || tries === MAX_CODES || !isUniqueViolation(error)) throw error;
      }
    }
  }

  /** Makes somebody a member; once. */
  async enter(roomId: number, actor: DoorActor): Promise<void> {
    await this.writer.run(async (manager) => {
      const [member]: unknown[] = await manager.query(
        'SELECT 1 FROM memberships WHERE room_id = $1 AND user_id = $2',
        [roomId, actor.userId],
      );
      if (member) return;
      await manager.query(
        'INSERT INTO memberships (room_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING',
        [roomId, actor.userId],
      );
      await logAtDoor(manager, { roomId, act: 'enter', actor, details: { by: 'code' } });
    });
  }

  private one(where: string, value: number | string): Promise<RoomDoor> {
    return doorWhere(this.dataSource, where, value);
  }
}

/** Who changes something else at the same moment has what he asked for, too. */
async function changed(
  manager: EntityManager,
  roomId: number,
  actor: DoorActor,
  change: DoorChange,
  present: readonly number[],
): Promise<RoomDoor> {
  await lockRoom(manager, roomId);
  const before = await doorWhere(manager, 'id = $1', roomId);
  const isPrivate = change.isPrivate ?? before.isPrivate;
  if (!isPrivate && typeof change.passwordHash === 'string')
    throw new AppError('INVALID', { fields: ['password'] });
  const kept = change.passwordHash === undefined ? before.passwordHash : (change.passwordHash ?? undefined);
  const passwordHash = isPrivate ? kept : undefined;
  const code = change.code === undefined ? before.code : change.code ? newRoomCode() : undefined;
  await manager.query('UPDATE rooms SET private = $1, password_hash = $2, code = $3 WHERE id = $4', [
    isPrivate ? 1 : 0,
    passwordHash ?? null,
    code ?? null,
    roomId,
  ]);
  if (isPrivate && !before.isPrivate)
    for (const userId of present)
      await manager.query(
        'INSERT INTO memberships (room_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING',
        [roomId, userId],
      );
  const details = {
    listed: !isPrivate,
    hasPassword: passwordHash !== undefined,
    hasCode: code !== undefined,
  };
  await logAtDoor(manager, { roomId, act: 'settings', actor, details });
  return { ...before, isPrivate, passwordHash, code };
}

async function doorWhere(
  database: Pick<EntityManager, 'query'>,
  where: string,
  value: number | string,
): Promise<RoomDoor> {
  const [row]: Record<string, unknown>[] = await database.query(
    `SELECT ${COLUMNS} FROM rooms WHERE kind = 'room' AND ${where}`,
    [value],
  );
  if (!row) throw new AppError('ROOM_NOT_FOUND');
  const text = (column: unknown) => (typeof column === 'string' ? column : undefined);
  return {
    roomId: Number(row['id']),
    name: String(row['name']),
    isPrivate: Number(row['private']) === 1,
    passwordHash: text(row['password_hash']),
    code: text(row['code']),
  };
}
