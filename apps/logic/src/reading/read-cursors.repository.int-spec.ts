import { expect, it } from 'vitest';
import { ArchiveRepository } from '../archive/archive.repository.js';
import { entry } from '../archive/entry.fixture.js';
import { describeSql, openSql, rawSql } from '../database/sql-databases.conformance.js';
import { RoomsRepository } from '../rooms/rooms.repository.js';
import { ReadCursorsRepository } from './read-cursors.repository.js';

describeSql('ReadCursorsRepository', (server) => {
  const open = async () => {
    const url = await server.createDatabase();
    const app = await openSql(url, { demo: true });
    return { url, app, cursors: app.get(ReadCursorsRepository), rooms: app.get(RoomsRepository) };
  };

  it('moves positions forward and never back, each user and room by itself', async () => {
    const { cursors } = await open();
    const at = (userId: number, roomId: number, seq: number) => ({ userId, roomId, seq });
    expect(await cursors.raise([at(3, 1, 5), at(4, 1, 7), at(3, 2, 1)])).toEqual([5, 7, 1]);
    expect(await cursors.raise([at(4, 1, 6), at(3, 1, 9)])).toEqual([7, 9]);
    expect(await cursors.raise([at(3, 1, 0)])).toEqual([9]);
  });

  it('is the same for all who raise at once, in batches larger than a statement', async () => {
    const { url, cursors } = await open();
    const other = (await openSql(url)).get(ReadCursorsRepository);
    const batch = (seq: number) =>
      Array.from({ length: 1_500 }, (_, i) => ({ userId: i + 1, roomId: 1, seq }));
    await Promise.all([cursors.raise(batch(5)), other.raise(batch(9).reverse()), cursors.raise(batch(7))]);
    expect(new Set(await other.raise(batch(1)))).toEqual(new Set([9]));
  });

  it('survives a restart', async () => {
    const { url, app, cursors } = await open();
    await cursors.raise([{ userId: 3, roomId: 1, seq: 5 }]);
    await app.close();
    const again = (await openSql(url)).get(ReadCursorsRepository);
    expect(await again.followed(3, 10)).toMatchObject([{ roomId: 1, seq: 5 }]);
  });

  it('lists what a user follows and his conversations, by use and in pages, with what SQL has of them', async () => {
    const { url, app, cursors, rooms } = await open();
    const maths = (await rooms.create('Maths', 3)).roomId;
    const direct = (await rooms.findOrCreateDirect(3, 4)).roomId;
    await rooms.findOrCreateDirect(4, 5);
    await app.get(ArchiveRepository).append([entry(1, { roomId: maths }), entry(2, { roomId: maths })]);
    await cursors.raise([
      { userId: 3, roomId: 1, seq: 0 },
      { userId: 3, roomId: maths, seq: 1 },
      { userId: 4, roomId: maths, seq: 2 },
    ]);
    await rawSql(url, `UPDATE rooms SET used_at = id`);
    const all = [
      { roomId: direct, usedAt: direct, kind: 'direct', seq: 0, archived: 0 },
      { roomId: maths, usedAt: maths, kind: 'room', seq: 1, archived: 2 },
      { roomId: 1, usedAt: 1, kind: 'room', seq: 0, archived: 0 },
    ];
    expect(await cursors.followed(3, 10)).toEqual(all);
    expect(await cursors.followed(3, 2)).toEqual(all.slice(0, 2));
    expect(await cursors.followed(3, 2, { usedAt: maths, roomId: maths })).toEqual(all.slice(2));
    // A conversation that was opened is there once.
    await cursors.raise([{ userId: 3, roomId: direct, seq: 4 }]);
    expect((await cursors.followed(3, 10)).map(({ seq }) => seq)).toEqual([4, 1, 0]);
    await cursors.forget(3, maths);
    await cursors.forget(3, 99);
    expect((await cursors.followed(3, 10)).map(({ roomId }) => roomId)).toEqual([direct, 1]);
    expect(await cursors.followed(6, 10)).toEqual([]);
  });

  it('counts messages of others between two numbers, up to the limit', async () => {
    const { app } = await open();
    const archive = app.get(ArchiveRepository);
    await archive.append(Array.from({ length: 10 }, (_, i) => entry(i + 1, { roomId: 1 })));
    const [row] = await archive.originals(1, { limit: 1 });
    const author = (JSON.parse(`${row?.body}}`) as { fromUserId: number }).fromUserId;
    const range = { after: 2, before: 9, limit: 100 };
    expect(await archive.countOfOthers(1, author + 1, range)).toBe(6);
    expect(await archive.countOfOthers(1, author, range)).toBe(0);
    expect(await archive.countOfOthers(1, author + 1, { ...range, limit: 4 })).toBe(4);
  });
});
