import { eventually } from '@parley/testing';
import { expect, it } from 'vitest';
import { AccountsService } from '../accounts/accounts.service.js';
import { ArchiveRepository } from '../archive/archive.repository.js';
import { entry } from '../archive/entry.fixture.js';
import { describeSql, openSql, rawSql } from '../database/sql-databases.conformance.js';
import { RoomsRepository } from './rooms.repository.js';
import { seqCeiling } from './seq-ceiling.fixture.js';

describeSql('RoomsRepository', (server) => {
  const open = async () => {
    const url = await server.createDatabase();
    const app = await openSql(url, { demo: true });
    return { url, app, rooms: app.get(RoomsRepository) };
  };

  it('creates, lists and finds rooms; conversations are not listed', async () => {
    const { rooms } = await open();
    const made = await rooms.create('Physics', 3);
    expect(made).toEqual({ roomId: 2, name: 'Physics', kind: 'room', directKey: null });
    const direct = await rooms.findOrCreateDirect(3, 4);
    expect(await rooms.get(direct.roomId)).toEqual({
      roomId: direct.roomId,
      name: '',
      kind: 'direct',
      directKey: '3:4',
    });
    expect((await rooms.list(10)).map(({ name }) => name)).toEqual(['Physics', 'Lobby']);
  });

  // Ids were 32 bits wide on Postgres: a larger one was an error of the database instead of a room that is not there.
  it('knows no room and no user under an id that nobody has, however large', async () => {
    const { app, rooms } = await open();
    for (const id of [99, 2 ** 31, Number.MAX_SAFE_INTEGER]) {
      expect(await rooms.get(id)).toBeUndefined();
      expect(await app.get(AccountsService).findByIds([id])).toEqual([]);
    }
    await expect(rooms.findOrCreateDirect(3, Number.MAX_SAFE_INTEGER)).rejects.toMatchObject({
      code: 'USER_NOT_FOUND',
    });
  });

  it('makes one conversation for two users, whoever asks and however often at once', async () => {
    const { url, app, rooms } = await open();
    const other = (await openSql(url)).get(RoomsRepository);
    const found = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        i % 2 ? rooms.findOrCreateDirect(3, 4) : other.findOrCreateDirect(4, 3),
      ),
    );
    expect(new Set(found.map(({ roomId }) => roomId)).size).toBe(1);
    expect(found[0]?.directKey).toBe('3:4');
    expect(app).toBeDefined();
  });

  it('refuses a conversation with nobody and with oneself', async () => {
    const { rooms } = await open();
    await expect(rooms.findOrCreateDirect(3, 99)).rejects.toMatchObject({ code: 'USER_NOT_FOUND' });
    await expect(rooms.findOrCreateDirect(3, 3)).rejects.toMatchObject({ code: 'INVALID' });
  });

  it("lists a user's conversations with the other user, the most recently used first", async () => {
    const { app, rooms } = await open();
    const with4 = await rooms.findOrCreateDirect(3, 4);
    const with5 = await rooms.findOrCreateDirect(5, 3);
    await rooms.findOrCreateDirect(4, 5);
    const now = Date.now();
    await rooms.markUsed([with5.roomId], now + 1_000);
    await rooms.markUsed([with4.roomId], now + 2_000);
    expect(await rooms.listDirect(3, 10)).toMatchObject([
      { roomId: with4.roomId, peer: { userId: 4, userName: 'demo1' }, archived: 0 },
      { roomId: with5.roomId, peer: { userId: 5, userName: 'demo2' } },
    ]);
    await rooms.markUsed([with5.roomId], now + 3_000);
    await app.get(ArchiveRepository).append([entry(7, with5)]);
    const [first] = await rooms.listDirect(3, 1);
    expect(first).toMatchObject({ roomId: with5.roomId, archived: 7 });
    expect((await rooms.listDirect(3, 10, first)).map(({ roomId }) => roomId)).toEqual([with4.roomId]);
    expect(await rooms.listDirect(6, 10)).toEqual([]);
    // The one with somebody, whoever of the two asks; nobody else's.
    expect(await rooms.findDirect(3, 5)).toMatchObject({
      ...{ roomId: with5.roomId, peer: { userId: 5, userName: 'demo2' }, archived: 7 },
    });
    expect(await rooms.findDirect(5, 3)).toMatchObject({ roomId: with5.roomId, peer: { userId: 3 } });
    for (const [one, other] of [
      [3, 6],
      [3, 3],
      [6, 3],
    ] as const)
      expect(await rooms.findDirect(one, other)).toBeUndefined();
  });

  it('gives rooms in pages by use, each room once, also those used in one millisecond', async () => {
    const { rooms } = await open();
    const made: number[] = [];
    for (let i = 0; i < 7; i++) made.push((await rooms.create(`room ${i}`, 3)).roomId);
    const usedAt = Date.now() + 1_000;
    await rooms.markUsed(made.slice(0, 5), usedAt);
    await rooms.markUsed([made[0] ?? 0], usedAt - 500);
    const seen: number[] = [];
    for (let after: { usedAt: number; roomId: number } | undefined; ;) {
      const page = await rooms.list(2, after);
      seen.push(...page.map(({ roomId }) => roomId));
      after = page.at(-1);
      if (!after) break;
    }
    const byIdDown = (ids: number[]) => ids.toSorted((a, b) => b - a);
    expect(seen).toEqual([...byIdDown(made.slice(0, 5)), ...byIdDown([1, ...made.slice(5)])]);
    // Whatever was made last is on the first page.
    const { roomId } = await rooms.create('newest', 4);
    await rooms.markUsed([roomId], usedAt + 1);
    expect((await rooms.list(1))[0]).toMatchObject({ roomId, name: 'newest' });
  });

  it('lets a user make so many rooms and no more, however many are asked for at once', async () => {
    const { url, rooms } = await open();
    const other = (await openSql(url)).get(RoomsRepository);
    // Conversations and rooms of others do not count.
    await rooms.findOrCreateDirect(3, 4);
    await rooms.create('of another', 4, { most: 3 });
    const made = await Promise.allSettled(
      Array.from({ length: 8 }, (_, i) => (i % 2 ? rooms : other).create(`room ${i}`, 3, { most: 3 })),
    );
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    await expect(rooms.create('one more', 3, { most: 3 })).rejects.toMatchObject({ code: 'ROOM_LIMIT' });
    expect((await rooms.create('no limit', 3)).roomId).toBeGreaterThan(0);
  });

  // An answer was lost, and whoever asked again had two rooms.
  it('makes a room once for a key, however often it is asked for, also at once', async () => {
    const { url, rooms } = await open();
    const other = (await openSql(url)).get(RoomsRepository);
    const ask = (i: number) => (i % 2 ? rooms : other).create('Physics', 3, { most: 2, key: 'k1' });
    const made = await Promise.all(Array.from({ length: 6 }, (_, i) => ask(i)));
    expect(new Set(made.map(({ roomId }) => roomId)).size).toBe(1);
    expect(made.filter(({ wasThere }) => !wasThere)).toHaveLength(1);
    // Without a limit nobody waits for the other's room.
    const unbounded = await Promise.all(
      Array.from({ length: 6 }, (_, i) => (i % 2 ? rooms : other).create('Maths', 4, { key: 'k1' })),
    );
    expect(new Set(unbounded.map(({ roomId }) => roomId)).size).toBe(1);
    expect(unbounded[0]?.roomId).not.toBe(made[0]?.roomId);
    // Another key is another room; a repeat is none, when he may make no more.
    await rooms.create('Physics', 3, { most: 2, key: 'k2' });
    expect(await ask(0)).toMatchObject({ roomId: made[0]?.roomId, name: 'Physics', wasThere: true });
    await expect(rooms.create('Physics', 3, { most: 2, key: 'k3' })).rejects.toMatchObject({
      code: 'ROOM_LIMIT',
    });
    expect((await rooms.list(10)).map(({ name }) => name)).toEqual(['Physics', 'Maths', 'Physics', 'Lobby']);
  });

  // Lists read every room, and the last message of every conversation, each time.
  it('reads lists by index, whatever else is in the database', async () => {
    const { url } = await open();
    const postgres = !url.startsWith('sqlite:');
    // Planned as for a large table: on a small one Postgres rightly reads the whole of it.
    const planned = postgres ? `${url}?options=-c%20enable_seqscan%3Doff` : url;
    const explain = async (sql: string) =>
      (await rawSql(planned, `EXPLAIN ${postgres ? '' : 'QUERY PLAN'} ${sql}`))
        .map((row) => String(row['detail'] ?? row['QUERY PLAN']))
        .join('\n');
    // Postgres does not use an index that was made over rows changed just before while anybody in the cluster has an older view.
    await eventually(async () => {
      const byUse = await explain(
        `SELECT id, used_at, name FROM rooms WHERE kind = 'room' AND private = 0 AND (used_at, id) < (5, 5)
         ORDER BY used_at DESC, id DESC LIMIT 3`,
      );
      expect(byUse).toContain('rooms_by_use');
      expect(byUse).not.toMatch(/TEMP B-TREE|Sort|SCAN (?!rooms USING INDEX)|Seq Scan/);
    });
    expect(await explain(`SELECT COUNT(*) FROM rooms WHERE created_by = 3 AND kind = 'room'`)).toContain(
      'rooms_by_creator',
    );
  });

  it('lists conversations that were made before memberships were kept', async () => {
    const { url, rooms } = await open();
    const { roomId } = await rooms.findOrCreateDirect(3, 4);
    await rawSql(url, 'DELETE FROM memberships');
    // As it was then.
    await rawSql(url, `ALTER TABLE memberships ADD COLUMN role TEXT NOT NULL DEFAULT 'member'`);
    await rawSql(url, `DELETE FROM schema_migrations WHERE name LIKE 'WideIds%'`);
    const upgraded = (await openSql(url)).get(RoomsRepository);
    expect(await upgraded.listDirect(3, 10)).toMatchObject([{ roomId, peer: { userId: 4 } }]);
    expect(await upgraded.listDirect(4, 10)).toMatchObject([{ roomId, peer: { userId: 3 } }]);
  });

  it('only ever raises a ceiling, and answers the one in force', async () => {
    const { url, app, rooms } = await open();
    const other = (await openSql(url)).get(RoomsRepository);
    expect(await seqCeiling(app, 1)).toBe(0);
    expect(await rooms.raiseSeqCeiling(1, 5_000_000_000)).toBe(5_000_000_000);
    expect(await rooms.raiseSeqCeiling(1, 10)).toBe(5_000_000_000);
    const wanted = Array.from({ length: 20 }, (_, i) => 6_000_000_000 + ((i * 7) % 20));
    const answers = await Promise.all(
      wanted.map((ceiling, i) => (i % 2 ? rooms : other).raiseSeqCeiling(1, ceiling)),
    );
    for (const [i, answer] of answers.entries()) expect(answer).toBeGreaterThanOrEqual(wanted[i] ?? 0);
    expect(await seqCeiling(app, 1)).toBe(6_000_000_019);
  });

  // The ceiling was read and raised in two steps: paused between them, two gave the same numbers.
  it('reserves each number once, above all that are known, whoever asks at the same time', async () => {
    const { url, app, rooms } = await open();
    const other = (await openSql(url)).get(RoomsRepository);
    expect(await rooms.reserveSeqs(1, 0, 10)).toEqual({ floor: 0, ceiling: 10 });
    expect(await rooms.reserveSeqs(1, 5_000_000_000, 10)).toEqual({
      floor: 5_000_000_000,
      ceiling: 5_000_000_010,
    });
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 ? rooms : other).reserveSeqs(1, i, 10)),
    );
    const floors = all.map(({ floor }) => floor).sort((a, b) => a - b);
    expect(floors).toEqual(floors.map((_, i) => 5_000_000_010 + 10 * i));
    for (const { floor, ceiling } of all) expect(ceiling).toBe(floor + 10);
    expect(await seqCeiling(app, 1)).toBe(5_000_000_210);
  });

  // Without a row to keep it in, a reservation was answered with 0 as if it had been made.
  it('reserves nothing for a room that is not there', async () => {
    const { rooms } = await open();
    await expect(rooms.raiseSeqCeiling(99, 1_000)).rejects.toMatchObject({ code: 'ROOM_NOT_FOUND' });
    await expect(rooms.reserveSeqs(99, 0, 1_000)).rejects.toMatchObject({ code: 'ROOM_NOT_FOUND' });
  });
});
