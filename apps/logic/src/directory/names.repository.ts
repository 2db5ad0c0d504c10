import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { nameKey } from '@parley/contracts/name-key';
import { AppError } from '@parley/protocol';
import { DataSource } from 'typeorm';
import { fillRoomKeys } from '../database/migrations/1764700000000-names-to-find.js';
import { SqlWriter } from '../database/sql-writer.js';
import type { UsePosition } from '../rooms/rooms.repository.js';

/** A room as it is told of. */
export interface NamedRoom {
  readonly roomId: number;
  readonly name: string;
  readonly kind: 'room' | 'direct';
  /** It is in no list. */
  readonly isPrivate?: true;
}

/** A user who was found; `isPrefix`: his name begins with what was looked for. */
export interface FoundUser {
  readonly userId: number;
  readonly userName: string;
  readonly isPrefix: boolean;
}

/** Escapes what `LIKE` reads as a pattern; the same on every database. */
const ESCAPE = '!';
const literally = (text: string) => text.replace(/[!%_]/g, `${ESCAPE}$&`);

/** Rooms and users by name. What is looked for may be any part of it, in any case and width of its letters. */
@Injectable()
export class NamesRepository implements OnModuleInit {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(SqlWriter) private readonly writer: SqlWriter,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.writer.run((manager) => fillRoomKeys(manager));
  }

  /**
   * Rooms whose name has `query`, the most recently used first; conversations have none.
   *
   * @throws {AppError} `INVALID` for a query that shows nothing.
   */
  async findRooms(
    query: string,
    limit: number,
    after?: UsePosition,
  ): Promise<(UsePosition & { readonly name: string })[]> {
    const [below, place] = after ? ['AND (used_at, id) < ($2, $3)', [after.usedAt, after.roomId]] : ['', []];
    const rows: { id: unknown; used_at: unknown; name: string }[] = await this.dataSource.query(
      `SELECT id, used_at, name FROM rooms
       WHERE kind = 'room' AND private = 0 AND name_key LIKE $1 ESCAPE '${ESCAPE}' ${below}
       ORDER BY used_at DESC, id DESC LIMIT $${place.length + 2}`,
      [`%${literally(keyOf(query))}%`, ...place, limit],
    );
    return rows.map(({ id, used_at, name }) => ({ roomId: Number(id), usedAt: Number(used_at), name }));
  }

  /**
   * Accounts whose name has `query`, in the order of their names; those that begin with it come first. Guests are of their
   * rooms alone.
   *
   * @param after - The last one of the page before.
   * @throws {AppError} `INVALID` for a query that shows nothing.
   */
  async findUsers(
    query: string,
    limit: number,
    after?: { readonly userId: number; readonly isPrefix: boolean },
  ): Promise<FoundUser[]> {
    const key = literally(keyOf(query));
    const [below, place] = after
      ? [
          'WHERE (rank, name_key, id) > ($3, (SELECT name_key FROM users WHERE id = $4), $4)',
          [after.isPrefix ? 0 : 1, after.userId],
        ]
      : ['', []];
    const rows: { id: unknown; name: string; rank: unknown }[] = await this.dataSource.query(
      `SELECT id, name, rank FROM (
         SELECT id, name, name_key, CASE WHEN name_key LIKE $1 ESCAPE '${ESCAPE}' THEN 0 ELSE 1 END AS rank
         FROM users WHERE name_key LIKE $2 ESCAPE '${ESCAPE}' AND role <> 'guest') AS found
       ${below} ORDER BY rank, name_key, id LIMIT $${place.length + 3}`,
      [`${key}%`, `%${key}%`, ...place, limit],
    );
    return rows.map(({ id, name, rank }) => ({
      userId: Number(id),
      userName: name,
      isPrefix: Number(rank) === 0,
    }));
  }

  /** Those of the rooms that are there, in no particular order. */
  async roomsById(roomIds: readonly number[]): Promise<NamedRoom[]> {
    if (roomIds.length === 0) return [];
    const rows: { id: unknown; name: string; kind: string; private: unknown }[] = await this.dataSource.query(
      `SELECT id, name, kind, private FROM rooms WHERE id IN (${roomIds.map(Number).join(', ')})`,
    );
    return rows.map(({ id, name, kind, private: isPrivate }) => ({
      roomId: Number(id),
      name,
      kind: kind === 'direct' ? 'direct' : 'room',
      ...(Number(isPrivate) === 1 && { isPrivate: true as const }),
    }));
  }
}

/** What names are compared by: see `nameKey`. */
function keyOf(query: string): string {
  const key = nameKey(query);
  if (key === '') throw new AppError('INVALID', { fields: ['q'] });
  return key;
}
