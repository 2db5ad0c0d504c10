import { AppError } from '@parley/protocol';
import { expect, it } from 'vitest';
import { AccountsService } from '../accounts/accounts.service.js';
import { describeSql, openSql } from '../database/sql-databases.conformance.js';
import { NamesRepository } from '../directory/names.repository.js';
import { RoomsRepository } from '../rooms/rooms.repository.js';
import { GuestsRepository } from './guests.repository.js';
import { InvitesRepository } from './invites.repository.js';
import { RoomDoorsRepository } from './room-doors.repository.js';

const owner = { userId: 3, userName: 'demo', role: 'owner' as const };
const member = { userId: 5, userName: 'demo2', role: 'member' as const };

describeSql('Private rooms', (server) => {
  async function open() {
    const url = await server.createDatabase();
    const app = await openSql(url, { demo: true });
    const [rooms, doors, invites] = [
      app.get(RoomsRepository),
      app.get(RoomDoorsRepository),
      app.get(InvitesRepository),
    ];
    const { roomId } = await rooms.create('Physics', 3);
    return { app, rooms, doors, invites, roomId };
  }
  const code = (promise: Promise<unknown>) =>
    promise.then(
      () => 'ok',
      (error: unknown) => (error instanceof AppError ? error.code : String(error)),
    );

  // Each wrote the whole door as it had read it, so that one of the two was undone.
  it('have all that is changed at the same moment', async () => {
    const { doors, roomId } = await open();
    await doors.change(roomId, owner, { isPrivate: true }, []);
    await Promise.all([
      doors.change(roomId, owner, { passwordHash: 'hashed' }, []),
      doors.change(roomId, owner, { code: true }, []),
      doors.change(roomId, owner, { isPrivate: true }, []),
    ]);
    const { isPrivate, passwordHash, code: made } = await doors.get(roomId);
    expect([isPrivate, passwordHash, typeof made]).toEqual([true, 'hashed', 'string']);
  });

  it('are in no list and found by no name, and in them again when they are opened', async () => {
    const { app, rooms, doors, roomId } = await open();
    const names = app.get(NamesRepository);
    const seen = async () => [
      (await rooms.list(10)).map(({ name }) => name),
      (await names.findRooms('phys', 10)).map(({ name }) => name),
    ];
    await doors.change(roomId, owner, { isPrivate: true }, []);
    expect(await seen()).toEqual([['Lobby'], []]);
    expect(await rooms.get(roomId)).toMatchObject({ name: 'Physics', isPrivate: true });
    expect(await names.roomsById([roomId])).toMatchObject([{ isPrivate: true }]);
    await doors.change(roomId, owner, { isPrivate: false }, []);
    expect(await seen()).toEqual([['Physics', 'Lobby'], ['Physics']]);
    expect(await rooms.get(roomId)).not.toHaveProperty('isPrivate');
  });

  it('are listed for who has a place in them, the most recently used first, and for nobody else', async () => {
    const { rooms, doors, roomId } = await open();
    const own = await rooms.create('Ours', 3, { isPrivate: true });
    expect(own).toMatchObject({ isPrivate: true });
    expect((await rooms.list(10)).map(({ name }) => name)).toEqual(['Physics', 'Lobby']);
    await doors.change(roomId, owner, { isPrivate: true }, [5]);
    await rooms.markUsed([own.roomId], Date.now() + 1_000);
    const listed = async (userId: number, limit = 10) =>
      (await rooms.listPrivate(userId, limit)).map(({ name, nameKey }) => [name, nameKey]);
    expect(await listed(3)).toEqual([
      ['Ours', 'ours'],
      ['Physics', 'physics'],
    ]);
    expect(await listed(3, 1)).toEqual([['Ours', 'ours']]);
    expect(await listed(5)).toEqual([['Physics', 'physics']]);
    expect(await listed(6)).toEqual([]);
  });

  it('have as members who has a role, who was there, who was let in, and guests', async () => {
    const { app, rooms, doors, invites, roomId } = await open();
    await app.get(AccountsService).register('somebody', 'secret1');
    await doors.change(roomId, owner, { isPrivate: true }, [4]);
    await invites.create(roomId, owner, 'h1', { role: 'member', maxUses: 1 });
    await invites.create(roomId, owner, 'h2', { role: 'guest' });
    await invites.enter('h1', member);
    const guest = await app.get(GuestsRepository).admit({
      ...{ name: 'Ada', tokenHash: 'h2', addressHash: 'a', sessionId: 's', expiresAt: Date.now() + 60_000 },
      admittedAt: Date.now(),
    });
    const members = await Promise.all(
      [3, 4, 5, guest.userId, 6, 99].map((id) => rooms.hasMember(roomId, id)),
    );
    expect(members).toEqual([true, true, true, true, false, false]);
    expect(await rooms.hasMember(roomId + 1, 3)).toBe(false);
  });

  it('count who comes by an invitation once, and let in as many as it says', async () => {
    const { invites, roomId } = await open();
    await invites.create(roomId, owner, 'h1', { role: 'member', maxUses: 2 });
    await invites.enter('h1', member);
    await invites.enter('h1', member);
    expect((await invites.find('h1')).uses).toBe(1);
    const others = [6, 4].map((userId) => code(invites.enter('h1', { ...member, userId })));
    expect((await Promise.all(others)).sort()).toEqual(['INVITE_OVER', 'ok']);
    // Used up, but not for who is a member: his first answer may have been lost.
    await invites.enter('h1', member);
    expect((await invites.find('h1', member.userId)).uses).toBe(2);
    expect(await code(invites.find('h1', 99))).toBe('INVITE_OVER');
    expect(await code(invites.find('h1'))).toBe('INVITE_OVER');
    expect((await invites.log(roomId, { limit: 10 })).lines.map(({ act }) => act)).toEqual([
      'enter',
      'enter',
      'invite',
    ]);
  });

  it('have a code that is found whoever asks, replaced and taken away', async () => {
    const { doors, roomId } = await open();
    const { code: first = '' } = await doors.change(roomId, owner, { code: true }, []);
    expect(first).toMatch(/^[2-9A-HJKMNP-Z]{6}$/);
    expect(await doors.byCode(first)).toMatchObject({ roomId, name: 'Physics' });
    const { code: second = '' } = await doors.change(roomId, owner, { code: true }, []);
    expect(second).not.toBe(first);
    expect(await code(doors.byCode(first))).toBe('ROOM_NOT_FOUND');
    expect((await doors.change(roomId, owner, {}, [])).code).toBe(second);
    expect((await doors.change(roomId, owner, { code: false }, [])).code).toBeUndefined();
    expect(await code(doors.byCode(second))).toBe('ROOM_NOT_FOUND');
  });

  it('have a password, which a listed room has not', async () => {
    const { doors, invites, roomId } = await open();
    expect(await code(doors.change(roomId, owner, { passwordHash: 'h' }, []))).toBe('INVALID');
    await doors.change(roomId, owner, { isPrivate: true, passwordHash: 'h' }, []);
    expect((await doors.get(roomId)).passwordHash).toBe('h');
    await doors.change(roomId, owner, { passwordHash: null }, []);
    expect((await doors.get(roomId)).passwordHash).toBeUndefined();
    await doors.change(roomId, owner, { passwordHash: 'h' }, []);
    await doors.change(roomId, owner, { isPrivate: false }, []);
    expect((await doors.get(roomId)).passwordHash).toBeUndefined();
    expect(JSON.stringify((await invites.log(roomId, { limit: 10 })).lines)).not.toContain('"h"');
  });
});
