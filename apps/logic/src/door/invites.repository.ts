import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { newId } from '@parley/contracts';
import { AppError, limits, type DoorLog, type Invite, type InvitedRole } from '@parley/protocol';
import { DataSource, type EntityManager } from 'typeorm';
import { SqlWriter } from '../database/sql-writer.js';
import { logAtDoor, readDoorLog, type DoorActor } from './door-log.js';
import { isPostgres, lockRoom } from './room-lock.js';

/** An invitation, and the room that it opens. */
export interface InviteRow extends Invite {
  readonly roomId: number;
}

/** What may be said of a new invitation. */
export interface InviteTerms {
  readonly role: InvitedRole;
  readonly expiresAt?: number | undefined;
  readonly maxUses?: number | undefined;
}

const COLUMNS =
  'id, room_id, role, expires_at, max_uses, uses, created_by, created_by_name, created_at, withdrawn_at';
const OPEN = `withdrawn_at IS NULL AND (expires_at IS NULL OR expires_at > $2) AND (max_uses IS NULL OR uses < max_uses)`;

/** Invitations in SQL, found by the hash of their secret; the secret itself is nowhere. */
@Injectable()
export class InvitesRepository {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(SqlWriter) private readonly writer: SqlWriter,
  ) {}

  /** @throws {AppError} `TOO_MANY_INVITES`. */
  async create(roomId: number, actor: DoorActor, tokenHash: string, terms: InviteTerms): Promise<Invite> {
    const { role, expiresAt, maxUses } = terms;
    return this.writer.run(async (manager) => {
      const [inviteId, nowMs] = [newId(), Date.now()];
      // Of two who make one at once, each counts the other's.
      await lockRoom(manager, roomId);
      const [open]: { count: unknown }[] = await manager.query(
        `SELECT COUNT(*) AS count FROM invites WHERE room_id = $1 AND ${OPEN}`,
        [roomId, nowMs],
      );
      if (Number(open?.count) >= limits.maxInvites) throw new AppError('TOO_MANY_INVITES');
      await manager.query(
        `INSERT INTO invites (id, room_id, token_hash, role, expires_at, max_uses, uses, created_by, created_by_name, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9)`,
        [
          ...[inviteId, roomId, tokenHash, role, expiresAt ?? null, maxUses ?? null],
          ...[actor.userId, actor.userName, nowMs],
        ],
      );
      await logAtDoor(manager, { roomId, act: 'invite', actor, inviteId, details: { ...terms } });
      const createdBy = { userId: actor.userId, userName: actor.userName };
      return { inviteId, ...stated(terms), uses: 0, createdAt: nowMs, createdBy };
    });
  }

  /** Those that can be used, the newest first. */
  async open(roomId: number): Promise<Invite[]> {
    const rows: Record<string, unknown>[] = await this.dataSource.query(
      `SELECT ${COLUMNS} FROM invites WHERE room_id = $1 AND ${OPEN} ORDER BY id DESC LIMIT ${limits.maxInvites}`,
      [roomId, Date.now()],
    );
    return rows.map((row) => {
      const { roomId: _, ...invite } = inviteOf(row);
      return invite;
    });
  }

  /**
   * Nobody comes by it any more. One that is withdrawn already stays so.
   *
   * @throws {AppError} `INVITE_NOT_FOUND`.
   */
  async withdraw(roomId: number, actor: DoorActor, inviteId: string, details: object): Promise<void> {
    await this.writer.run(async (manager) => {
      const [row]: Record<string, unknown>[] = await manager.query(
        `SELECT withdrawn_at FROM invites WHERE id = $1 AND room_id = $2`,
        [inviteId, roomId],
      );
      if (!row) throw new AppError('INVITE_NOT_FOUND');
      if (row['withdrawn_at'] === null)
        await manager.query('UPDATE invites SET withdrawn_at = $1 WHERE id = $2', [Date.now(), inviteId]);
      await logAtDoor(manager, { roomId, act: 'withdraw', actor, inviteId, details });
    });
  }

  /**
   * The invitation of a secret, as it stands.
   *
   * @param userId - Of somebody with an account: for who is a member none is over. The answer may have been lost by which he became one.
   * @throws {AppError} `INVITE_NOT_FOUND`; `INVITE_OVER`.
   */
  async find(tokenHash: string, userId?: number): Promise<InviteRow> {
    const invite = await this.read(this.dataSource, tokenHash, '');
    if (userId === undefined || !(await isMember(this.dataSource, invite.roomId, userId))) refuseOver(invite);
    return invite;
  }

  /**
   * Counts one more who comes by an invitation, in the transaction of `manager`: of two at once on the last use one gets in.
   *
   * @throws {AppError} `INVITE_NOT_FOUND`; `INVITE_OVER`.
   */
  async use(manager: EntityManager, tokenHash: string): Promise<InviteRow> {
    const invite = await this.hold(manager, tokenHash);
    await manager.query('UPDATE invites SET uses = uses + 1 WHERE id = $1', [invite.inviteId]);
    return invite;
  }

  /** An invitation that may let somebody in, kept as it is until the transaction of `manager` ends. @throws {AppError} As {@link use}. */
  async hold(manager: EntityManager, tokenHash: string): Promise<InviteRow> {
    const invite = await this.read(manager, tokenHash, lockOf(manager));
    refuseOver(invite);
    return invite;
  }

  /**
   * Makes somebody with an account a member of the room, and counts it; not again for who is one.
   *
   * @throws {AppError} `INVITE_NOT_FOUND`; `INVITE_OVER`.
   */
  async enter(tokenHash: string, actor: DoorActor): Promise<InviteRow> {
    return this.writer.run(async (manager) => {
      const invite = await this.read(manager, tokenHash, lockOf(manager));
      const { roomId, inviteId } = invite;
      if (await isMember(manager, roomId, actor.userId)) return invite;
      refuseOver(invite);
      await manager.query('UPDATE invites SET uses = uses + 1 WHERE id = $1', [inviteId]);
      await manager.query(
        'INSERT INTO memberships (room_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING',
        [roomId, actor.userId],
      );
      await logAtDoor(manager, { roomId, act: 'enter', actor, inviteId });
      return invite;
    });
  }

  log(roomId: number, page: { before?: string | undefined; limit: number }): Promise<DoorLog> {
    return readDoorLog(this.dataSource, roomId, page);
  }

  private async read(sql: Pick<EntityManager, 'query'>, tokenHash: string, lock: string): Promise<InviteRow> {
    const [row]: Record<string, unknown>[] = await sql.query(
      `SELECT ${COLUMNS} FROM invites WHERE token_hash = $1 ${lock}`,
      [tokenHash],
    );
    if (!row || row['withdrawn_at'] !== null) throw new AppError('INVITE_NOT_FOUND');
    return inviteOf(row);
  }
}

async function isMember(sql: Pick<EntityManager, 'query'>, roomId: number, userId: number): Promise<boolean> {
  const rows: unknown[] = await sql.query('SELECT 1 FROM memberships WHERE room_id = $1 AND user_id = $2', [
    roomId,
    userId,
  ]);
  return rows.length > 0;
}

function refuseOver({ expiresAt = Infinity, maxUses = Infinity, uses }: InviteRow): void {
  if (expiresAt <= Date.now() || uses >= maxUses) throw new AppError('INVITE_OVER');
}

/** The terms that were named. */
const stated = ({ role, expiresAt, maxUses }: InviteTerms) => ({
  role,
  ...(expiresAt !== undefined && { expiresAt }),
  ...(maxUses !== undefined && { maxUses }),
});

function inviteOf(row: Record<string, unknown>): InviteRow {
  const number = (value: unknown) => (value === null ? undefined : Number(value));
  return {
    inviteId: String(row['id']),
    roomId: Number(row['room_id']),
    ...stated({
      role: row['role'] as InvitedRole,
      expiresAt: number(row['expires_at']),
      maxUses: number(row['max_uses']),
    }),
    uses: Number(row['uses']),
    createdAt: Number(row['created_at']),
    createdBy: { userId: Number(row['created_by']), userName: String(row['created_by_name']) },
  };
}

/** Keeps a row as it is until the transaction ends. */
const lockOf = (manager: EntityManager) => (isPostgres(manager) ? 'FOR UPDATE' : '');
