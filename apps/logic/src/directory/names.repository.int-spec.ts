import { expect, it } from 'vitest';
import { AccountsService } from '../accounts/accounts.service.js';
import { describeSql, openSql, rawSql } from '../database/sql-databases.conformance.js';
import { RoomsRepository } from '../rooms/rooms.repository.js';
import { NamesRepository } from './names.repository.js';

describeSql('NamesRepository', (server) => {
  const open = async () => {
    const url = await server.createDatabase();
    const app = await openSql(url, { demo: true });
    return {
      url,
      names: app.get(NamesRepository),
      rooms: app.get(RoomsRepository),
      accounts: app.get(AccountsService),
    };
  };
  const namesOf = (found: readonly { readonly name: string }[]) => found.map(({ name }) => name).sort();

  it('finds rooms by any part of their name, in any case, width and composition', async () => {
    const { names, rooms } = await open();
    for (const name of ['Physics 1', 'ＰＨＹＳＩＣＳ II', 'Müsli', 'Straße 7', '数学一班', 'История'])
      await rooms.create(name, 3);
    const find = async (query: string) => namesOf(await names.findRooms(query, 10));
    expect(await find('phys')).toEqual(['Physics 1', 'ＰＨＹＳＩＣＳ II']);
    expect(await find('  SICS ')).toHaveLength(2);
    expect(await find('ｐhy')).toHaveLength(2);
    expect(await find('MU\u0308S')).toEqual(['Müsli']);
    expect(await find('STRASSE')).toEqual(['Straße 7']);
    expect(await find('学一')).toEqual(['数学一班']);
    expect(await find('исто')).toEqual(['История']);
    expect(await find('nothing like it')).toEqual([]);
  });

  it('takes signs of patterns for themselves', async () => {
    const { names, rooms } = await open();
    for (const name of ['100% maths', '100 maths', 'a_b', 'axb', 'wow!', `o'clock`, 'back\\slash'])
      await rooms.create(name, 3);
    const find = async (query: string) => namesOf(await names.findRooms(query, 10));
    expect(await find('0%')).toEqual(['100% maths']);
    expect(await find('%')).toEqual(['100% maths']);
    expect(await find('_')).toEqual(['a_b']);
    expect(await find('!')).toEqual(['wow!']);
    expect(await find(`o'c`)).toEqual([`o'clock`]);
    expect(await find('\\')).toEqual(['back\\slash']);
  });

  it('finds no conversation', async () => {
    const { names, rooms } = await open();
    const direct = await rooms.findOrCreateDirect(3, 4);
    expect(await names.findRooms('o', 10)).toMatchObject([{ name: 'Lobby' }]);
    expect(await names.roomsById([direct.roomId, 1, 999])).toHaveLength(2);
  });

  it('gives rooms in pages, the most recently used first', async () => {
    const { url, names, rooms } = await open();
    for (let i = 2; i <= 6; i++) await rooms.create(`class ${i}`, 3);
    await rawSql(url, 'UPDATE rooms SET used_at = 100 - id');
    const first = await names.findRooms('class', 3);
    expect(first.map(({ roomId }) => roomId)).toEqual([2, 3, 4]);
    expect((await names.findRooms('class', 3, first[2])).map(({ roomId }) => roomId)).toEqual([5, 6]);
  });

  it('finds users, those whose name begins with it first, in pages that leave nobody out', async () => {
    const { names, accounts } = await open();
    for (const name of ['Hanna', 'Anna', 'anton', 'Johanna', 'Bob'])
      await accounts.register(name, 'a password');
    const found = await names.findUsers('AN', 10);
    expect(found.map(({ userName }) => userName)).toEqual(['Anna', 'anton', 'Hanna', 'Johanna']);
    expect(found.map(({ isPrefix }) => isPrefix)).toEqual([true, true, false, false]);
    const paged: string[] = [];
    for (let last: (typeof found)[number] | undefined; ;) {
      const page = await names.findUsers('an', 1, last);
      if (page.length === 0) break;
      paged.push(...page.map(({ userName }) => userName));
      last = page[0];
    }
    expect(paged).toEqual(['Anna', 'anton', 'Hanna', 'Johanna']);
    expect(await names.findUsers('%', 10)).toEqual([]);
  });

  it('refuses to look for what shows nothing', async () => {
    const { names } = await open();
    for (const query of ['', '  ', '\u200b', '\u2800'])
      await expect(names.findRooms(query, 10), JSON.stringify(query)).rejects.toMatchObject({
        code: 'INVALID',
        fields: ['q'],
      });
  });

  it('finds rooms that a process of the version before has made, once it is started again', async () => {
    const { url, names } = await open();
    await rawSql(url, `INSERT INTO rooms (name, kind, created_at) VALUES ('Of Old', 'room', 1)`);
    expect(await names.findRooms('of old', 10)).toEqual([]);
    await names.onModuleInit();
    expect(await names.findRooms('of old', 10)).toMatchObject([{ name: 'Of Old' }]);
    expect(await names.findRooms('lobby', 10)).toHaveLength(1);
  });
});
