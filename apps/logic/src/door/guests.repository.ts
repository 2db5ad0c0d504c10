import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { nameKey, nameLook } from '@parley/contracts/name-key';
import { AppError, roomRoles, type User } from '@parley/protocol';
import { DataSource, Not, type EntityManager } from 'typeorm';
import { IdIssuer } from '../database/id-issuer.js';
import { isUniqueViolation } from '../database/sql-errors.js';
import { SqlWriter } from '../database/sql-writer.js';
import { UserEntity } from '../database/user.entity.js';
import { logAtDoor } from './door-log.js';
import { InvitesRepository } from './invites.repository.js';
import { addWaiting } from './waiting.repository.js';

/** What no hash of a password looks like: nobody logs in as a guest. */
const NO_PASSWORD = '!';
/** Guests of one address, by one invitation, who are looked at for a ban: the newest. */
const MAX_LOOKED_AT = 200;
/** Sessions that are ended together. */
const MAX_ENDED_AT_ONCE = 500;

/** Somebody who wants to come in. Times are milliseconds since 1970. */
export interface GuestToBe {
  readonly name: string;
  /** Of the invitation's secret. */
  readonly tokenHash: string;
  readonly addressHash: string;
  readonly sessionId: string;
  readonly expiresAt: number;
  /** When he is let in, by Redis's clock; undefined when he has to wait. */
  readonly admittedAt: number | undefined;
  /** Of what he asked with, to be known by when he asks again. */
  readonly keyHash?: string | undefined;
}

/** Another name for a guest, and the session that he has it with. */
export interface GuestName {
  readonly userId: number;
  readonly roomId: number;
  readonly name: string;
  readonly session: { readonly id: string; readonly nextId: string };
}

/** A guest who came with a key, and his session. */
export interface KnownGuest extends User {
  readonly roomId: number;
  readonly sessionId: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  readonly isWaiting: boolean;
}

export interface Guest extends User {
  readonly roomId: number;
  readonly inviteId: string;
}

/** Names that would be taken for an office, whoever has them. */
const reservedLooks: ReadonlySet<string> = new Set(
  [...roomRoles, 'admin', 'administrator', 'host', 'system', 'parley'].map(nameLook),
);

/** Guests in SQL: users without an account, of one room and one session. */
@Injectable()
export class GuestsRepository {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(SqlWriter) private readonly writer: SqlWriter,
    @Inject(IdIssuer) private readonly ids: IdIssuer,
    @Inject(InvitesRepository) private readonly invites: Pick<InvitesRepository, 'use' | 'hold'>,
  ) {}

  /**
   * Makes a guest, and counts that he came by the invitation: both or nothing. Who has to wait is counted when he is let in.
   *
   * @throws {AppError} `NAME_TAKEN` by a guest of the room whose session is not over, or by any account; `INVITE_NOT_FOUND`;
   *   `INVITE_OVER`; `LOBBY_FULL`; `FORBIDDEN` when the invitation is for accounts.
   */
  async admit(guest: GuestToBe): Promise<Guest> {
    const { name, tokenHash, addressHash, sessionId, expiresAt, admittedAt, keyHash = null } = guest;
    const make = async (manager: EntityManager): Promise<Guest> => {
      // It holds the invitation's row, so that those who come by it come one by one.
      const { roomId, inviteId, role } = await (admittedAt === undefined
        ? this.invites.hold(manager, tokenHash)
        : this.invites.use(manager, tokenHash));
      if (role !== 'guest') throw new AppError('FORBIDDEN');
      const names = await claimNames(manager, roomId, name);
      const row = {
        ...names,
        name,
        passwordHash: NO_PASSWORD,
        role: 'guest' as const,
        createdAt: Date.now(),
      };
      const userId = Number((await manager.insert(UserEntity, row)).identifiers[0]?.['id']);
      // Of a guest whose session is over the key says nothing any more.
      await manager.query(
        'UPDATE guests SET key_hash = NULL WHERE invite_id = $1 AND key_hash = $2 AND expires_at <= $3',
        [inviteId, keyHash, Date.now()],
      );
      await manager.query(
        `INSERT INTO guests (user_id, room_id, invite_id, address_hash, session_id, expires_at, admitted_at, key_hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
        [userId, roomId, inviteId, addressHash, sessionId, expiresAt, admittedAt ?? null, keyHash],
      );
      if (admittedAt === undefined) {
        const since = Date.now();
        const person = { roomId, userId, userName: name, isGuest: true, inviteId, since };
        await addWaiting(manager, { ...person, network: addressHash });
      } else {
        const actor = { userId, userName: name, role: 'guest' as const };
        await logAtDoor(manager, { roomId, act: 'enter', actor, inviteId });
      }
      return { userId, userName: name, role: 'guest', roomId, inviteId };
    };
    try {
      return await this.ids.run('users', make, ({ userId }) => userId);
    } catch (cause) {
      // By another invitation to the room somebody took the name at the same time: the unique indexes let one through.
      if (isUniqueViolation(cause)) throw new AppError('NAME_TAKEN', { cause });
      throw cause;
    }
  }

  /**
   * Gives a guest another name, and another session with it. What he wrote keeps the old one, which is free from now on.
   *
   * @returns The name that he had.
   * @throws {AppError} `NAME_TAKEN`; `UNAUTHENTICATED` when `session.id` is not his session any more.
   */
  async rename({ userId, roomId, name, session }: GuestName): Promise<string> {
    const give = async (manager: EntityManager): Promise<string> => {
      // It holds the guest's row: of two at the same time the second has a session that is over.
      await manager.query(
        'UPDATE guests SET session_id = $1 WHERE user_id = $2 AND session_id = $3 AND expires_at > $4',
        [session.nextId, userId, session.id, Date.now()],
      );
      const has: unknown[] = await manager.query(
        'SELECT 1 FROM guests WHERE user_id = $1 AND session_id = $2',
        [userId, session.nextId],
      );
      if (has.length === 0) throw new AppError('UNAUTHENTICATED');
      const before = await manager.findOneByOrFail(UserEntity, { id: userId });
      const names = await claimNames(manager, roomId, name, userId);
      await manager.update(UserEntity, { id: userId }, { ...names, name });
      const actor = { userId, userName: name, role: 'guest' as const };
      await logAtDoor(manager, { roomId, act: 'rename', actor, details: { from: before.name } });
      return before.name;
    };
    try {
      return await this.writer.run(give);
    } catch (cause) {
      if (isUniqueViolation(cause)) throw new AppError('NAME_TAKEN', { cause });
      throw cause;
    }
  }

  /** Whether that is a guest's session, and not over. */
  async hasSession(userId: number, sessionId: string): Promise<boolean> {
    const rows: unknown[] = await this.dataSource.query(
      'SELECT 1 FROM guests WHERE user_id = $1 AND session_id = $2 AND expires_at > $3',
      [userId, sessionId, Date.now()],
    );
    return rows.length > 0;
  }

  /** The guest who came by an invitation with a key, as long as his session is not over. */
  async byKey(tokenHash: string, keyHash: string): Promise<KnownGuest | undefined> {
    const [row]: Record<string, unknown>[] = await this.dataSource.query(
      `SELECT u.id, u.name, g.room_id, g.session_id, g.expires_at, g.admitted_at
       FROM invites i JOIN guests g ON g.invite_id = i.id JOIN users u ON u.id = g.user_id
       WHERE i.token_hash = $1 AND g.key_hash = $2 AND g.expires_at > $3`,
      [tokenHash, keyHash, Date.now()],
    );
    return (
      row && {
        ...{ userId: Number(row['id']), userName: String(row['name']), role: 'guest' },
        ...{ roomId: Number(row['room_id']), sessionId: String(row['session_id']) },
        ...{ expiresAt: Number(row['expires_at']), isWaiting: row['admitted_at'] === null },
      }
    );
  }

  /** Guests who came from an address by an invitation, the newest first. */
  async from(inviteId: string, addressHash: string): Promise<number[]> {
    const rows: { user_id: unknown }[] = await this.dataSource.query(
      `SELECT user_id FROM guests WHERE invite_id = $1 AND address_hash = $2
       ORDER BY user_id DESC LIMIT ${MAX_LOOKED_AT}`,
      [inviteId, addressHash],
    );
    return rows.map(({ user_id }) => Number(user_id));
  }

  /** Sessions of guests who came by an invitation that are not over, so many at a time. `expiresAt`: milliseconds since 1970. */
  async sessionsOf(inviteId: string): Promise<{ readonly sessionId: string; readonly expiresAt: number }[]> {
    const rows: { session_id: string; expires_at: unknown }[] = await this.dataSource.query(
      `SELECT session_id, expires_at FROM guests WHERE invite_id = $1 AND expires_at > $2 LIMIT ${MAX_ENDED_AT_ONCE}`,
      [inviteId, Date.now()],
    );
    return rows.map(({ session_id, expires_at }) => ({
      sessionId: session_id,
      expiresAt: Number(expires_at),
    }));
  }

  /** Sessions by an invitation are over, as by {@link ended}. A guest who has taken another name meanwhile has another one. */
  async endedBy(inviteId: string, sessionIds: readonly string[]): Promise<void> {
    const places = sessionIds.map((_, i) => `$${i + 3}`).join(', ');
    await this.writer.run((manager) =>
      manager.query(`UPDATE guests SET expires_at = $1 WHERE invite_id = $2 AND session_id IN (${places})`, [
        ...[Date.now(), inviteId],
        ...sessionIds,
      ]),
    );
  }

  /** Takes back that a guest came in: the room asks for everybody by now. */
  async undo({ userId, inviteId }: Guest): Promise<void> {
    await this.writer.run(async (manager) => {
      await manager.query('UPDATE guests SET expires_at = $1, admitted_at = NULL WHERE user_id = $2', [
        Date.now(),
        userId,
      ]);
      await manager.query('UPDATE invites SET uses = uses - 1 WHERE id = $1', [inviteId]);
    });
  }

  /** A guest's session is over: his name is free. Sessions of accounts are nothing to it. */
  async ended(sessionId: string, userId: number): Promise<void> {
    const [guest]: unknown[] = await this.dataSource.query(
      'SELECT 1 FROM guests WHERE user_id = $1 AND session_id = $2',
      [userId, sessionId],
    );
    if (!guest) return;
    await this.writer.run((manager) =>
      manager.query('UPDATE guests SET expires_at = $1 WHERE user_id = $2', [Date.now(), userId]),
    );
  }
}

/**
 * The keys of a name among the guests of a room, if it is free there.
 *
 * @param isOf - The guest who may have it already.
 * @throws {AppError} `NAME_TAKEN` by a guest whose session is not over, or by any account; or it is an office's.
 */
async function claimNames(manager: EntityManager, roomId: number, name: string, isOf?: number) {
  const [key, look] = [nameKey(name), nameLook(name)];
  if (reservedLooks.has(look)) throw new AppError('NAME_TAKEN');
  const isTaken = (nameKey: string, nameLook: string) =>
    manager.existsBy(
      UserEntity,
      [{ nameKey }, { nameLook }].map((where) => (isOf === undefined ? where : { ...where, id: Not(isOf) })),
    );
  if (await isTaken(key, look)) throw new AppError('NAME_TAKEN');
  const names = { nameKey: inRoom(roomId, key), nameLook: inRoom(roomId, look) };
  await freeNames(manager, names);
  if (await isTaken(names.nameKey, names.nameLook)) throw new AppError('NAME_TAKEN');
  return names;
}

/** A name's key among the guests of a room. No account's has a line break. */
const inRoom = (roomId: number, key: string) => `${roomId}\n${key}`;

/** Takes names from guests whose sessions are over: what they wrote keeps them, and nobody compares by these any more. */
async function freeNames(
  manager: EntityManager,
  { nameKey: key, nameLook: look }: { readonly nameKey: string; readonly nameLook: string },
): Promise<void> {
  const rows: { id: unknown }[] = await manager.query(
    `SELECT u.id FROM users u JOIN guests g ON g.user_id = u.id
     WHERE (u.name_key = $1 OR u.name_look = $2) AND g.expires_at <= $3`,
    [key, look, Date.now()],
  );
  for (const { id } of rows)
    await manager.query('UPDATE users SET name_key = $1, name_look = NULL WHERE id = $2', [
      `\n${Number(id)}`,
      Number(id),
    ]);
}
