import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { AppError, limits, type InvitedRole } from '@parley/protocol';
import { DataSource, type EntityManager } from 'typeorm';
import { SqlWriter } from '../database/sql-writer.js';
import { logAtDoor, type DoorActor } from './door-log.js';
import { isPostgres, lockRoom } from './room-lock.js';

/** Somebody who comes to wait. Times are milliseconds since 1970. */
export interface WaitingToBe {
  readonly roomId: number;
  readonly userId: number;
  readonly userName: string;
  readonly isGuest: boolean;
  readonly inviteId?: string | undefined;
  /** The hash of where he comes from. */
  readonly network: string;
  readonly since: number;
}

/** Somebody who waits, has waited, or is a guest who may have to. */
export interface Waiting {
  readonly userId: number;
  readonly userName: string;
  /** Undefined for a guest who never had to wait. `left`: he went, or his invitation did. */
  readonly state: 'waiting' | 'admitted' | 'denied' | 'left' | undefined;
  readonly since: number;
  /** By which invitation; undefined for the room's code. `isOpen`: it may still let somebody in. */
  readonly invite:
    | {
        readonly inviteId: string;
        readonly role: InvitedRole;
        readonly isOpen: boolean;
        readonly createdBy: number;
        readonly createdByName: string;
        readonly createdAt: number;
      }
    | undefined;
  /** Of who has no account. `admittedAt`: undefined for who was never let in. */
  readonly guest:
    | { readonly sessionId: string; readonly expiresAt: number; readonly admittedAt: number | undefined }
    | undefined;
}

/** What came of a decision. */
export interface Decision {
  readonly decided: readonly Waiting[];
  /** Whose invitation lets nobody in any more. */
  readonly over: readonly Waiting[];
}

const COLUMNS = `u.user_id, u.user_name, w.state, w.since, i.id AS invite_id, i.role, i.expires_at, i.max_uses, i.uses, i.withdrawn_at,
  i.created_by, i.created_by_name, i.created_at, g.session_id, g.expires_at AS session_expires_at, g.admitted_at`;

/** People who wait to be let into rooms, in SQL. When they were last heard of is in Redis. */
@Injectable()
export class WaitingRepository {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(SqlWriter) private readonly writer: SqlWriter,
  ) {}

  /** Somebody with an account waits from now on; who does already keeps his place. @throws {AppError} `LOBBY_FULL`. */
  async add(person: WaitingToBe): Promise<void> {
    await this.writer.run((manager) => addWaiting(manager, person));
  }

  /** These people, as far as they wait, have waited, or are guests of the room. */
  async find(roomId: number, userIds: readonly number[]): Promise<Waiting[]> {
    return findIn(this.dataSource, roomId, userIds);
  }

  /**
   * Everybody who waits, the first to come first.
   *
   * @param outSince - Guests who were let in before have been put out, milliseconds since 1970; 0 for none.
   */
  async list(roomId: number, outSince: number): Promise<Waiting[]> {
    const rows: Record<string, unknown>[] = await this.dataSource.query(
      `SELECT ${COLUMNS} FROM waiting u JOIN waiting w ON w.room_id = u.room_id AND w.user_id = u.user_id
       LEFT JOIN invites i ON i.id = u.invite_id LEFT JOIN guests g ON g.user_id = u.user_id
       WHERE u.room_id = $1 AND u.state = 'waiting' ORDER BY u.since, u.user_id`,
      [roomId],
    );
    return rows.map(waitingOf).filter((person) => isWaiting(person, outSince));
  }

  /** Guests who were put out of the room wait from now on; again changes nothing. */
  async putOut(roomId: number, userIds: readonly number[], since: number): Promise<void> {
    await this.writer.run((manager) =>
      manager.query(
        `INSERT INTO waiting (room_id, user_id, user_name, is_guest, invite_id, network, state, since)
         SELECT g.room_id, g.user_id, n.name, 1, g.invite_id, g.address_hash, 'waiting', CAST($1 AS BIGINT)
         FROM guests g JOIN users n ON n.id = g.user_id WHERE g.room_id = $2 AND g.user_id IN (${listOf(userIds)})
         ON CONFLICT (room_id, user_id) DO UPDATE SET state = 'waiting', since = excluded.since, decided_at = NULL
         WHERE waiting.state IN ('admitted', 'left')`,
        [since, roomId],
      ),
    );
  }

  /** They wait no more: those who were never let in are nobody's guests, and their names are free. */
  async leave(roomId: number, userIds: readonly number[]): Promise<void> {
    if (userIds.length === 0) return;
    const whom = `user_id IN (${listOf(userIds)})`;
    await this.writer.run(async (manager) => {
      await manager.query(
        `UPDATE waiting SET state = 'left', decided_at = $1 WHERE room_id = $2 AND ${whom} AND state = 'waiting'`,
        [Date.now(), roomId],
      );
      await manager.query(
        `UPDATE guests SET expires_at = $1 WHERE room_id = $2 AND ${whom} AND admitted_at IS NULL AND expires_at > $1`,
        [Date.now(), roomId],
      );
    });
  }

  /**
   * Lets people in who wait, or does not: each at most once, whoever else decides meanwhile.
   *
   * @param by - The host; undefined when the room lets everybody in.
   * @param at - By Redis's clock, milliseconds since 1970.
   */
  async decide(
    roomId: number,
    userIds: readonly number[],
    { admit, by, at }: { readonly admit: boolean; readonly by?: DoorActor | undefined; readonly at: number },
  ): Promise<Decision> {
    if (userIds.length === 0) return { decided: [], over: [] };
    return this.writer.run(async (manager) => {
      await lock(manager, roomId, userIds);
      const waiting = (await findIn(manager, roomId, userIds)).filter(({ state }) => state === 'waiting');
      const decided: Waiting[] = [];
      const over: Waiting[] = [];
      for (const person of waiting) {
        if (!admit) await deny(manager, roomId, person);
        else if (!(await letIn(manager, roomId, person, at))) {
          over.push(person);
          continue;
        }
        decided.push(person);
      }
      if (by && decided.length > 0) {
        const people = decided.map(({ userId, userName }) => ({ userId, userName }));
        await logAtDoor(manager, { roomId, act: admit ? 'admit' : 'deny', actor: by, details: { people } });
      }
      return { decided, over };
    });
  }
}

/** Whether somebody waits, of those of whom it is said. */
export function isWaiting({ state, invite, guest }: Waiting, outSince: number): boolean {
  if (state !== 'waiting') return false;
  if (guest && guest.expiresAt <= Date.now()) return false;
  if (guest?.admittedAt !== undefined) return guest.admittedAt < outSince;
  return invite === undefined || invite.isOpen;
}

/**
 * Somebody waits from now on, in the transaction of `manager`.
 *
 * @throws {AppError} `LOBBY_FULL`: of this room, or from where he comes.
 */
export async function addWaiting(manager: EntityManager, person: WaitingToBe): Promise<void> {
  const { roomId, userId, userName, isGuest, inviteId, network, since } = person;
  // Of two who come at once, each counts the other.
  await lockRoom(manager, roomId);
  const [known]: unknown[] = await manager.query(
    `SELECT 1 FROM waiting WHERE room_id = $1 AND user_id = $2 AND state = 'waiting'`,
    [roomId, userId],
  );
  if (known) return;
  const [count]: Record<string, unknown>[] = await manager.query(
    `SELECT COUNT(*) AS everybody, SUM(CASE WHEN network = $1 THEN 1 ELSE 0 END) AS near
     FROM waiting WHERE room_id = $2 AND state = 'waiting'`,
    [network, roomId],
  );
  if (
    Number(count?.['everybody']) >= limits.maxWaiting ||
    Number(count?.['near']) >= limits.maxWaitingPerNetwork
  )
    throw new AppError('LOBBY_FULL');
  await manager.query(
    `INSERT INTO waiting (room_id, user_id, user_name, is_guest, invite_id, network, state, since)
     VALUES ($1, $2, $3, $4, $5, $6, 'waiting', $7)
     ON CONFLICT (room_id, user_id) DO UPDATE SET state = 'waiting', since = excluded.since, invite_id = excluded.invite_id,
       network = excluded.network, decided_at = NULL`,
    [roomId, userId, userName, isGuest ? 1 : 0, inviteId ?? null, network, since],
  );
}

/** @returns False when his invitation lets nobody in any more. */
async function letIn(manager: EntityManager, roomId: number, person: Waiting, at: number): Promise<boolean> {
  const { userId, userName, guest } = person;
  if (guest?.admittedAt === undefined) {
    const isOpen = await countUse(manager, person);
    if (!isOpen) {
      await settle(manager, roomId, userId, 'left');
      return false;
    }
    const actor = { userId, userName, role: guest ? ('guest' as const) : ('member' as const) };
    const by = person.invite ? { inviteId: person.invite.inviteId } : { details: { by: 'code' } };
    await logAtDoor(manager, { roomId, act: 'enter', actor, ...by });
  }
  if (guest) await manager.query('UPDATE guests SET admitted_at = $1 WHERE user_id = $2', [at, userId]);
  else
    await manager.query('INSERT INTO memberships (room_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
      roomId,
      userId,
    ]);
  await settle(manager, roomId, userId, 'admitted');
  return true;
}

/** A guest's session is over with it, so that his name is free. */
async function deny(manager: EntityManager, roomId: number, { userId, guest }: Waiting): Promise<void> {
  if (guest)
    await manager.query('UPDATE guests SET expires_at = $1, admitted_at = NULL WHERE user_id = $2', [
      Date.now(),
      userId,
    ]);
  await settle(manager, roomId, userId, 'denied');
}

/** Counts that somebody has come by his invitation, if it may still let one in. */
async function countUse(manager: EntityManager, { invite }: Waiting): Promise<boolean> {
  if (!invite) return true;
  const where = `id = $1 AND withdrawn_at IS NULL AND (expires_at IS NULL OR expires_at > $2) AND (max_uses IS NULL OR uses < max_uses)`;
  const values = [invite.inviteId, Date.now()];
  const lock = isPostgres(manager) ? 'FOR UPDATE' : '';
  const open: unknown[] = await manager.query(`SELECT 1 FROM invites WHERE ${where} ${lock}`, values);
  if (open.length === 0) return false;
  await manager.query('UPDATE invites SET uses = uses + 1 WHERE id = $1', [invite.inviteId]);
  return true;
}

const settle = (manager: EntityManager, roomId: number, userId: number, state: string) =>
  manager.query('UPDATE waiting SET state = $1, decided_at = $2 WHERE room_id = $3 AND user_id = $4', [
    ...[state, Date.now(), roomId, userId],
  ]);

/** Two hosts decide about the same people one after the other, and in one order. */
async function lock(manager: EntityManager, roomId: number, userIds: readonly number[]): Promise<void> {
  if (isPostgres(manager))
    await manager.query(
      `SELECT 1 FROM waiting WHERE room_id = $1 AND user_id IN (${listOf(userIds)}) ORDER BY user_id FOR UPDATE`,
      [roomId],
    );
}

async function findIn(
  sql: Pick<EntityManager, 'query'>,
  roomId: number,
  userIds: readonly number[],
): Promise<Waiting[]> {
  if (userIds.length === 0) return [];
  const ids = listOf(userIds);
  const rows: Record<string, unknown>[] = await sql.query(
    `SELECT ${COLUMNS} FROM (
       SELECT user_id, user_name, invite_id FROM waiting WHERE room_id = $1 AND user_id IN (${ids})
       UNION ALL SELECT g.user_id, n.name, g.invite_id FROM guests g JOIN users n ON n.id = g.user_id
       WHERE g.room_id = $1 AND g.user_id IN (${ids})
         AND NOT EXISTS (SELECT 1 FROM waiting x WHERE x.room_id = $1 AND x.user_id = g.user_id)) u
     LEFT JOIN waiting w ON w.room_id = $1 AND w.user_id = u.user_id
     LEFT JOIN invites i ON i.id = u.invite_id LEFT JOIN guests g ON g.user_id = u.user_id
     ORDER BY w.since, u.user_id`,
    [roomId],
  );
  return rows.map(waitingOf);
}

function waitingOf(row: Record<string, unknown>): Waiting {
  const number = (value: unknown) => (value === null ? undefined : Number(value));
  const isOpen =
    row['withdrawn_at'] === null &&
    (number(row['expires_at']) ?? Infinity) > Date.now() &&
    Number(row['uses']) < (number(row['max_uses']) ?? Infinity);
  return {
    userId: Number(row['user_id']),
    userName: String(row['user_name']),
    state: (row['state'] as Waiting['state'] | null) ?? undefined,
    since: Number(row['since']),
    invite:
      row['invite_id'] === null
        ? undefined
        : {
            inviteId: String(row['invite_id']),
            role: row['role'] as InvitedRole,
            isOpen,
            createdBy: Number(row['created_by']),
            createdByName: String(row['created_by_name']),
            createdAt: Number(row['created_at']),
          },
    guest:
      row['session_id'] === null
        ? undefined
        : {
            sessionId: String(row['session_id']),
            expiresAt: Number(row['session_expires_at']),
            admittedAt: number(row['admitted_at']),
          },
  };
}

const listOf = (userIds: readonly number[]) => userIds.map(Number).join(', ');
