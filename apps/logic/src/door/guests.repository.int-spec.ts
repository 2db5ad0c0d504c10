import { AppError, limits } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { AccountsService } from '../accounts/accounts.service.js';
import { describeSql, openSql, rawSql } from '../database/sql-databases.conformance.js';
import { NamesRepository } from '../directory/names.repository.js';
import { RoomsRepository } from '../rooms/rooms.repository.js';
import { GuestsRepository, type GuestToBe } from './guests.repository.js';
import { InvitesRepository, type InviteTerms } from './invites.repository.js';

const HOUR = 3_600_000;
const owner = { userId: 3, userName: 'demo', role: 'owner' as const };

describeSql('The door', (server) => {
  async function open() {
    const url = await server.createDatabase();
    const app = await openSql(url, { demo: true });
    const [invites, guests] = [app.get(InvitesRepository), app.get(GuestsRepository)];
    const { roomId } = await app.get(RoomsRepository).create('Physics', 3);
    let made = 0;
    const invite = (terms: Partial<InviteTerms> = {}, room = roomId, hash = `hash-${++made}`) =>
      invites.create(room, owner, hash, { role: 'guest', ...terms }).then((row) => ({ ...row, hash }));
    const come = (tokenHash: string, name: string, more: Partial<GuestToBe> = {}) =>
      guests.admit({
        ...{ name, tokenHash, addressHash: 'a1', sessionId: `s-${name}`, expiresAt: Date.now() + HOUR },
        admittedAt: Date.now(),
        ...more,
      });
    return { url, app, invites, guests, roomId, invite, come };
  }
  const code = (promise: Promise<unknown>) =>
    promise.then(
      () => 'ok',
      (error: unknown) => (error instanceof AppError ? error.code : String(error)),
    );

  it('lets a guest in by an invitation, into its room, and says so in its log', async () => {
    const { invites, invite, come, roomId } = await open();
    const { inviteId, hash } = await invite({ maxUses: 5 });
    const guest = await come(hash, 'Ada');
    expect(guest).toEqual({ userId: guest.userId, userName: 'Ada', role: 'guest', roomId, inviteId });
    expect(await invites.open(roomId)).toMatchObject([{ inviteId, uses: 1, maxUses: 5, role: 'guest' }]);
    expect(await invites.log(roomId, { limit: 10 })).toMatchObject({
      lines: [
        { act: 'enter', actor: { userName: 'Ada', role: 'guest' }, inviteId },
        { act: 'invite', actor: owner, inviteId, details: { role: 'guest', maxUses: 5 } },
      ],
      more: false,
    });
  });

  it('lets in as many as the invitation says, also when they come at once', async () => {
    const { url, invite, come } = await open();
    const { hash } = await invite({ maxUses: 2 });
    const other = (await openSql(url)).get(GuestsRepository);
    const came = await Promise.all(
      Array.from({ length: 6 }, (_, i) => {
        const guest = { name: `n${i}`, tokenHash: hash, addressHash: 'a', sessionId: `s${i}` };
        return code(
          i % 2
            ? come(hash, `n${i}`)
            : other.admit({ ...guest, expiresAt: Date.now() + HOUR, admittedAt: Date.now() }),
        );
      }),
    );
    expect(came.filter((answer) => answer === 'ok')).toHaveLength(2);
    expect(came.filter((answer) => answer === 'INVITE_OVER')).toHaveLength(4);
  });

  it('knows a guest by the key he came with, by that invitation alone, until his session ends', async () => {
    const { guests, invite, come, roomId } = await open();
    const [link, another] = [await invite(), await invite()];
    const expiresAt = Date.now() + HOUR;
    const { userId } = await come(link.hash, 'Ada', { keyHash: 'k1', expiresAt });
    const ada = { userId, userName: 'Ada', role: 'guest', roomId, sessionId: 's-Ada', expiresAt };
    expect(await guests.byKey(link.hash, 'k1')).toEqual({ ...ada, isWaiting: false });
    expect(await guests.byKey(link.hash, 'k2')).toBeUndefined();
    expect(await guests.byKey(another.hash, 'k1')).toBeUndefined();
    // Two first tries at once: one of them makes the guest.
    expect(await code(come(link.hash, 'Eve', { keyHash: 'k1' }))).toBe('NAME_TAKEN');
    await come(link.hash, 'Bob', { keyHash: 'k2', admittedAt: undefined });
    expect(await guests.byKey(link.hash, 'k2')).toMatchObject({ userName: 'Bob', isWaiting: true });
    await guests.ended('s-Ada', userId);
    expect(await guests.byKey(link.hash, 'k1')).toBeUndefined();
    const again = await come(link.hash, 'Ada', { keyHash: 'k1', sessionId: 's-2' });
    expect(await guests.byKey(link.hash, 'k1')).toMatchObject({ userId: again.userId, sessionId: 's-2' });
  });

  it('lets nobody in by what is unknown, withdrawn, over, or for accounts', async () => {
    const { invites, invite, come, roomId } = await open();
    const [withdrawn, over, member] = [
      await invite(),
      await invite({ expiresAt: Date.now() - 1 }),
      await invite({ role: 'member' }),
    ];
    await invites.withdraw(roomId, owner, withdrawn.inviteId, {});
    expect(await code(come('nothing', 'a'))).toBe('INVITE_NOT_FOUND');
    expect(await code(come(withdrawn.hash, 'b'))).toBe('INVITE_NOT_FOUND');
    expect(await code(come(over.hash, 'c'))).toBe('INVITE_OVER');
    expect(await code(come(member.hash, 'd'))).toBe('FORBIDDEN');
    expect(await invites.open(roomId)).toMatchObject([{ inviteId: member.inviteId, uses: 0 }]);
    expect(await code(invites.withdraw(roomId + 1, owner, member.inviteId, {}))).toBe('INVITE_NOT_FOUND');
  });

  it('takes no name that looks like another guest, an account or an office', async () => {
    const { app, invite, come } = await open();
    await app.get(AccountsService).register('paypal', 'secret1');
    const { hash } = await invite();
    await come(hash, 'Ada');
    for (const name of ['ada', 'Аdа', 'demo', 'DEMO', 'pаypal', 'Moderator', 'аdmin'])
      expect([name, await code(come(hash, name))]).toEqual([name, 'NAME_TAKEN']);
    // A name that was refused is no use of the invitation.
    expect((await app.get(InvitesRepository).find(hash)).uses).toBe(1);
  });

  it('takes the same name in two rooms, and again when its session is over', async () => {
    const { app, invite, come, guests } = await open();
    const other = await app.get(RoomsRepository).create('Chemistry', 3);
    const [here, there] = [await invite(), await invite({}, other.roomId)];
    const first = await come(here.hash, 'Ada');
    await come(there.hash, 'Ada');
    expect(await code(come(here.hash, 'Ada'))).toBe('NAME_TAKEN');
    await guests.ended('s-Ada', first.userId);
    expect(await code(come(here.hash, 'Ada'))).toBe('ok');
    await come(here.hash, 'Bob', { expiresAt: Date.now() - 1 });
    expect(await code(come(here.hash, 'Bob'))).toBe('ok');
    // What he wrote stays his.
    expect(await app.get(AccountsService).findByIds([first.userId])).toMatchObject([{ userName: 'Ada' }]);
  });

  describe('another name', () => {
    const SESSION = (id: string, nextId: string) => ({ session: { id, nextId } });

    it('is given with another session, is kept for nobody else, and frees the one before; the log says so', async () => {
      const { app, invites, invite, come, guests, roomId } = await open();
      const { hash, inviteId } = await invite();
      const { userId } = await come(hash, 'Ada');
      expect(await guests.rename({ userId, roomId, name: 'Grace', ...SESSION('s-Ada', 's2') })).toBe('Ada');
      expect(await app.get(AccountsService).findByIds([userId])).toMatchObject([{ userName: 'Grace' }]);
      expect((await guests.sessionsOf(inviteId)).map(({ sessionId }) => sessionId)).toEqual(['s2']);
      expect(await code(come(hash, 'grace'))).toBe('NAME_TAKEN');
      expect(await code(come(hash, 'Ada'))).toBe('ok');
      const { lines } = await invites.log(roomId, { limit: 2 });
      expect(lines[1]).toMatchObject({
        act: 'rename',
        actor: { userId, userName: 'Grace', role: 'guest' },
        details: { from: 'Ada' },
      });
    });

    it('is none that looks like another guest, an account or an office, but may look like his own', async () => {
      const { invite, come, guests, roomId } = await open();
      const { hash } = await invite();
      const { userId } = await come(hash, 'Ada');
      await come(hash, 'Bob');
      const rename = (name: string) =>
        code(guests.rename({ userId, roomId, name, ...SESSION('s-Ada', 's-Ada') }));
      for (const name of ['bob', 'Вob', 'demo', 'Moderator'])
        expect([name, await rename(name)]).toEqual([name, 'NAME_TAKEN']);
      expect(await rename('ADA')).toBe('ok');
      expect(await rename('ADA')).toBe('ok');
    });

    it('is given once of two that are asked for at once, and not by a session that is over', async () => {
      const { invite, come, guests, roomId } = await open();
      const { hash } = await invite();
      const { userId } = await come(hash, 'Ada');
      const both = ['B', 'C'].map((name) =>
        code(guests.rename({ userId, roomId, name, ...SESSION('s-Ada', `s-${name}`) })),
      );
      expect((await Promise.all(both)).sort()).toEqual(['UNAUTHENTICATED', 'ok']);
      const { userId: gone } = await come(hash, 'Ada', { expiresAt: Date.now() - 1 });
      expect(await code(guests.rename({ userId: gone, roomId, name: 'D', ...SESSION('s-Ada', 's-D') }))).toBe(
        'UNAUTHENTICATED',
      );
    });
  });

  it('gives nobody a way to log in as a guest, or to find one', async () => {
    const { app, invite, come, roomId } = await open();
    const { hash } = await invite();
    await come(hash, 'Ada');
    const accounts = app.get(AccountsService);
    for (const name of ['Ada', `${roomId}\nada`, `${roomId}\nAda`])
      for (const password of ['!', '', 'secret1'])
        expect(await code(accounts.verify(name, password))).toBe('BAD_CREDENTIALS');
    expect(await app.get(NamesRepository).findUsers('ada', 10)).toEqual([]);
  });

  it('knows who came from where, and which sessions an invitation has opened', async () => {
    const { invite, come, guests } = await open();
    const { inviteId, hash } = await invite();
    const [ada, bob] = [await come(hash, 'Ada'), await come(hash, 'Bob', { addressHash: 'a2' })];
    expect(await guests.from(inviteId, 'a1')).toEqual([ada.userId]);
    expect(await guests.from(inviteId, 'a2')).toEqual([bob.userId]);
    expect(await guests.from('another', 'a1')).toEqual([]);
    await guests.ended('s-Bob', bob.userId);
    await guests.ended('s-Ada', bob.userId);
    expect((await guests.sessionsOf(inviteId)).map(({ sessionId }) => sessionId)).toEqual(['s-Ada']);
  });

  it('has a log that nobody can change', async () => {
    const { url, invites, invite, roomId } = await open();
    await invite();
    await expect(rawSql(url, 'DELETE FROM door_log')).rejects.toThrow('cannot be changed');
    await expect(rawSql(url, `UPDATE door_log SET actor_name = 'x'`)).rejects.toThrow('cannot be changed');
    await invite();
    const [newest] = (await invites.log(roomId, { limit: 1 })).lines;
    expect(await invites.log(roomId, { limit: 1, before: newest!.id })).toMatchObject({
      lines: [{ act: 'invite' }],
      more: false,
    });
    expect((await invites.log(roomId, { limit: 1 })).more).toBe(true);
  });

  it(`keeps no secret, and has ${limits.maxInvites} invitations open at the most`, async () => {
    const { url, invite, invites, roomId } = await open();
    const first = await invite();
    for (let i = 1; i < limits.maxInvites; i++) await invite();
    expect(await code(invite())).toBe('TOO_MANY_INVITES');
    await invites.withdraw(roomId, owner, first.inviteId, {});
    expect(await code(invite())).toBe('ok');
    expect(
      (await rawSql(url, 'SELECT * FROM door_log')).map((row) => JSON.stringify(row)).join(),
    ).not.toContain('hash-');
  });
});
