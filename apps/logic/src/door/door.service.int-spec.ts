import { JwtService } from '@nestjs/jwt';
import { AppError, factNames, type GuestPolicy } from '@parley/protocol';
import { expect, it } from 'vitest';
import { TokenService } from '../accounts/token.service.js';
import { describeSql, openSql, rawSql } from '../database/sql-databases.conformance.js';
import { RoomsRepository } from '../rooms/rooms.repository.js';
import { DoorService } from './door.service.js';
import { GuestsRepository } from './guests.repository.js';
import { InvitesRepository, type InviteTerms } from './invites.repository.js';

const owner = { userId: 3, userName: 'demo' };
const HOUR = 3_600_000;

describeSql('Who comes again with his key', (server) => {
  async function open() {
    const url = await server.createDatabase();
    const app = await openSql(url, { demo: true });
    const [invites, guests, rooms] = [
      app.get(InvitesRepository),
      app.get(GuestsRepository),
      app.get(RoomsRepository),
    ];
    const { roomId } = await rooms.create('Physics', owner.userId);
    const jwt = new JwtService({ secret: 'of a test' });
    const room = { policy: 'ALWAYS_ACCEPT' as GuestPolicy, bans: new Set<number>() };
    const revoked = new Set<string>();
    /** What comes between a session that is ended and the next. */
    let between = async (_sessionId: string): Promise<void> => undefined;
    const door = new DoorService(
      invites,
      guests,
      { forHost: async () => new Map([[factNames.role(owner.userId), 'owner']]) },
      { bans: async (asks) => asks.map(({ userId }) => (room.bans.has(userId) ? 9e12 : 0)) },
      { ensure: async () => ({ seq: 0, epoch: 'e', floor: 0 }) },
      rooms,
      new TokenService(jwt, HOUR),
      jwt,
      {
        revoke: async (sessionId) => {
          await between(sessionId);
          revoked.add(sessionId);
        },
      },
      { nowMs: async () => Date.now() },
      { policy: async () => room.policy, came: async () => undefined, sweep: async () => undefined },
      { changed: () => undefined },
    );
    const invite = (terms: Partial<InviteTerms> = {}) =>
      door.invite({ ...owner, roomId }, { role: 'guest', ...terms });
    const withdraw = (inviteId: string, endSessions: boolean) =>
      door.withdraw({ ...owner, roomId }, inviteId, endSessions);
    /** @returns The guest's id, or why he does not come in. */
    const come = (token: string, name = 'Ada', key = 'k1') =>
      door.admitGuest(token, name, `192.0.2.${name.length}`, key).then(
        (session) => {
          const { sid } = jwt.decode<{ sid: string }>(session.token);
          return revoked.has(sid) ? 'a session that is over' : session.user.userId;
        },
        (error: unknown) => (error instanceof AppError ? error.code : String(error)),
      );
    const meanwhile = (work: typeof between) => (between = work);
    return { url, door, guests, roomId, room, revoked, invite, withdraw, come, meanwhile };
  }

  it('is who he was by an invitation that he has used up, that has expired, or that is withdrawn', async () => {
    const { url, invite, withdraw, come } = await open();
    const { token, inviteId } = await invite({ maxUses: 1, expiresAt: Date.now() + HOUR });
    const ada = await come(token);
    expect(ada).toBeTypeOf('number');
    expect([await come(token), await come(token, 'Eve', 'k2')]).toEqual([ada, 'INVITE_OVER']);
    await rawSql(url, `UPDATE invites SET max_uses = 9, expires_at = ${Date.now() - 1}`);
    expect([await come(token), await come(token, 'Eve', 'k2')]).toEqual([ada, 'INVITE_OVER']);
    // Whoever came stays, so that a link that got about does not end a lesson.
    await withdraw(inviteId, false);
    expect([await come(token), await come(token, 'Eve', 'k2')]).toEqual([ada, 'INVITE_NOT_FOUND']);
  });

  it('is who he was where newcomers are refused, and banned: inside he is told', async () => {
    const { invite, come, room } = await open();
    const { token } = await invite();
    const ada = await come(token);
    room.policy = 'ALWAYS_DENY';
    expect([await come(token), await come(token, 'Eve', 'k2')]).toEqual([ada, 'NO_NEWCOMERS']);
    room.policy = 'ALWAYS_ACCEPT';
    room.bans.add(Number(ada));
    expect([await come(token), await come(token, 'Eve', 'k2')]).toEqual([ada, 'BANNED']);
  });

  // He got a token of the session that was ended, was put out at once, and asked to log in, without an account.
  it('is told that his invitation is withdrawn when its sessions were ended, also while he waited', async () => {
    const { invite, withdraw, come, room } = await open();
    const [link, another] = [await invite({ maxUses: 2 }), await invite()];
    expect(await come(link.token)).toBeTypeOf('number');
    room.policy = 'ASK_MODERATOR';
    expect(await come(link.token, 'Bob', 'k2')).toBeTypeOf('number');
    await withdraw(link.inviteId, true);
    room.policy = 'ALWAYS_ACCEPT';
    for (const [name, key] of [
      ['Ada', 'k1'],
      ['Bob', 'k2'],
      ['New', 'k3'],
    ] as const)
      expect([name, await come(link.token, name, key)]).toEqual([name, 'INVITE_NOT_FOUND']);
    // Their sessions are over: their names are free.
    expect(await come(another.token)).toBeTypeOf('number');
    expect(await come(another.token, 'Bob', 'k2')).toBeTypeOf('number');
  });

  it('has the session ended, too, that came with another name meanwhile, and what failed when it is asked for again', async () => {
    const { invite, withdraw, come, guests, roomId, meanwhile, revoked } = await open();
    const { token, inviteId } = await invite();
    const userId = Number(await come(token));
    meanwhile(() => Promise.reject(new AppError('UNAVAILABLE')));
    await expect(withdraw(inviteId, true)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await come(token)).toBe(userId);
    meanwhile(async (id) => {
      meanwhile(async () => undefined);
      await guests.rename({ userId, roomId, name: 'Grace', session: { id, nextId: 'next' } });
    });
    await withdraw(inviteId, true);
    expect([revoked.size, revoked.has('next')]).toEqual([2, true]);
    expect(await come(token)).toBe('INVITE_NOT_FOUND');
  });
});
