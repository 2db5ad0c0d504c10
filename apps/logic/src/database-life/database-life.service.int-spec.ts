import { eventually, sharedRedis, uniquePrefix } from '@parley/testing';
import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { describeSql, rawSql, type SqlServer } from '../database/sql-databases.conformance.js';
import { startOn } from './database-life.fixture.js';

afterAll(async () => (await sharedRedis()).stop());

/** A database as it is now, under another URL. Nobody may have it open. */
async function copyOf(server: SqlServer, url: string): Promise<string> {
  if (server.kind === 'sqlite') {
    const copy = await server.createDatabase();
    await rawSql(url, `VACUUM INTO '${copy.slice('sqlite:'.length)}'`);
    return copy;
  }
  const name = `parley_copy_${randomUUID().replaceAll('-', '')}`;
  const admin = new URL(url);
  const original = admin.pathname.slice(1);
  admin.pathname = '/postgres';
  await rawSql(admin.href, `CREATE DATABASE ${name} TEMPLATE ${original}`);
  onTestFinished(async () => void (await rawSql(admin.href, `DROP DATABASE ${name} WITH (FORCE)`)));
  const copy = new URL(url);
  copy.pathname = `/${name}`;
  return copy.href;
}

describeSql('DatabaseLifeService', (server) => {
  async function system() {
    const prefix = uniquePrefix('life');
    const redisUrl = (await sharedRedis()).url;
    const start = (url: string, others?: () => number) => startOn(redisUrl, prefix, url, others);
    return { start, url: await server.createDatabase(), another: () => server.createDatabase() };
  }
  const refused = { code: 'UNAUTHENTICATED' };

  describe('an ordinary start', { timeout: 40_000 }, () => {
    it('keeps tokens, rooms, numbers and epochs, of several instances at once', async () => {
      const { start, url } = await system();
      const [a, b] = await Promise.all([start(url), start(url)]);
      const ada = await a.user('ada');
      const roomId = await b.room(ada.userId, 'one');
      const first = await a.accepted(roomId, 'm1');
      await b.user('eve');
      await Promise.all([a.service.check(), b.service.check(), a.service.check()]);
      await Promise.all([a.end(), b.end()]);
      const [c, d] = await Promise.all([start(url), start(url)]);
      for (const one of [c, d]) expect(one.verifier.verify(ada.token)).toMatchObject({ userName: 'ada' });
      expect(await d.accepted(roomId, 'm2')).toMatchObject({ seq: first.seq + 1, epoch: first.epoch });
      expect(await c.texts(ada.userId, roomId)).toEqual(['m1', 'm2']);
      expect([a, b, c, d].flatMap(({ warnings }) => warnings)).toEqual([]);
    });

    it('keeps tokens when Redis is emptied, before a start and while it goes on', async () => {
      const { start, url } = await system();
      const a = await start(url);
      const ada = await a.user('ada');
      await a.connections.main.del(a.keys.database());
      const eve = await a.user('eve');
      await a.end();
      const b = await start(url);
      await b.connections.main.del(b.keys.database());
      await b.end();
      const c = await start(url);
      for (const { token } of [ada, eve]) c.verifier.verify(token);
      expect([...a.warnings, ...b.warnings, ...c.warnings]).toEqual([]);
    });

    it('is what a Redis of long ago sees too', async () => {
      const { start, url } = await system();
      const a = await start(url);
      const ada = await a.user('ada');
      const copy = await a.connections.main.hgetall(a.keys.database());
      for (let n = 0; n < 3; n++) await a.service.check();
      await a.connections.main.hset(a.keys.database(), copy);
      await a.service.check();
      await a.end();
      const b = await start(url);
      b.verifier.verify(ada.token);
      expect([...a.warnings, ...b.warnings]).toEqual([]);
    });

    // 0.1 knew no lives: its tokens name none, and its Redis belongs to nobody.
    it('after an upgrade keeps the tokens that name no database, and the messages', async () => {
      const { start, url } = await system();
      const a = await start(url);
      const ada = await a.user('ada');
      const roomId = await a.room(ada.userId, 'one');
      const first = await a.accepted(roomId, 'm1');
      await a.connections.main.del(a.keys.database());
      await a.end();
      await rawSql(url, 'DROP TABLE database_life');
      await rawSql(url, 'DROP TABLE database_beats');
      await rawSql(url, `DELETE FROM schema_migrations WHERE name LIKE 'DatabaseLife%'`);
      const b = await start(url);
      expect(b.life.accepts(undefined)).toBe(true);
      expect(b.life.accepts('another')).toBe(false);
      expect(await b.accepted(roomId, 'm2')).toMatchObject({ seq: 2, epoch: first.epoch });
    });
  });

  describe('a new database beside an old Redis', { timeout: 40_000 }, () => {
    // Its first room had the id, and so the messages, of the old one's; tokens of the old one were those of its users.
    it('shows nothing of the old one, whose tokens end; the old one finds its messages when it comes back', async () => {
      const { start, url, another } = await system();
      const a = await start(url);
      const ada = await a.user('ada');
      const roomId = await a.room(ada.userId, 'one');
      await a.accepted(roomId, 'secret 1');
      await a.work();
      const last = await a.accepted(roomId, 'secret 2');
      const edge = a.life;
      await a.end();

      const newUrl = await another();
      // As it was made by hand, with the very ids of the old one.
      const b0 = await startOn((await sharedRedis()).url, uniquePrefix('elsewhere'), newUrl);
      const bob = await b0.user('bob');
      expect(bob.userId).toBe(ada.userId);
      expect(await b0.room(bob.userId, 'one')).toBe(roomId);
      await b0.end();

      const b = await start(newUrl);
      expect(() => b.verifier.verify(ada.token)).toThrow(expect.objectContaining(refused));
      b.verifier.verify(bob.token);
      expect(edge.accepts(undefined)).toBe(false);
      expect(b.warnings).toContainEqual([expect.objectContaining({ entriesPutAside: 2 }), expect.anything()]);
      expect(await b.store.head(roomId)).toBeUndefined();
      expect(await b.texts(bob.userId, roomId)).toEqual([]);
      const next = await b.accepted(roomId, 'new');
      expect(next.epoch).not.toBe(last.epoch);
      expect(next.seq).toBeGreaterThan(last.seq);
      expect(await b.work()).toEqual({ dispatched: [roomId], archived: [roomId] });
      expect(await b.texts(bob.userId, roomId)).toEqual(['new']);
      // Made now: ids that nobody has.
      expect((await b.user('eve')).userId).toBeGreaterThan(ada.userId);
      expect(await b.room(bob.userId, 'two')).toBeGreaterThan(roomId);
      await b.end();

      const c = await start(url);
      c.verifier.verify(ada.token);
      expect((await c.work()).archived).toEqual([roomId]);
      expect(await c.texts(ada.userId, roomId)).toEqual(['secret 1', 'secret 2']);
    });

    it('is not started while others serve the old one, and takes nothing from it', async () => {
      const { start, url, another } = await system();
      const a = await start(url);
      const ada = await a.user('ada');
      let others = 1;
      let timesAsked = 0;
      const starting = start(await another(), () => {
        timesAsked++;
        return others;
      });
      await eventually(() => expect(timesAsked).toBeGreaterThan(1));
      await a.service.check();
      a.verifier.verify(ada.token);
      others = 0;
      await starting;
      // It did not know that it had to stop.
      await a.service.check();
      expect(a.isDown()).toBe(true);
    });

    it.runIf(server.kind === 'sqlite')('is refused when they go on serving', async () => {
      const { start, url, another } = await system();
      const a = await start(url);
      const ada = await a.user('ada');
      await expect(start(await another(), () => 1)).rejects.toThrow(/PARLEY_DATABASE_URL/);
      a.verifier.verify(ada.token);
    });

    it('shows nothing of a Redis from before databases had names', async () => {
      const { start, url, another } = await system();
      const a = await start(url);
      const ada = await a.user('ada');
      const roomId = await a.room(ada.userId, 'one');
      await a.accepted(roomId, 'secret');
      await a.connections.main.del(a.keys.database());
      await a.end();
      const b = await start(await another());
      const bob = await b.user('bob');
      expect(await b.room(bob.userId, 'one')).toBe(roomId);
      expect(await b.texts(bob.userId, roomId)).toEqual([]);
      expect(b.life.accepts(undefined)).toBe(false);
      expect(await b.work()).toEqual({ dispatched: [], archived: [] });
    });
  });

  describe('a database that stepped back', { timeout: 40_000 }, () => {
    it('issues no id again, ends all tokens, keeps the messages of rooms that stayed', async () => {
      const { start, url } = await system();
      const a = await start(url);
      const ada = await a.user('ada');
      const roomId = await a.room(ada.userId, 'one');
      await a.accepted(roomId, 'm1');
      await a.work();
      await a.end();
      const backup = await copyOf(server, url);
      const b = await start(url);
      const gone = await b.user('gone');
      const goneRoom = await b.room(gone.userId, 'gone');
      await b.accepted(roomId, 'm2');
      await b.accepted(goneRoom, 'secret');
      await b.work();
      const last = await b.accepted(roomId, 'm3');
      await b.end();

      const c = await start(backup);
      for (const { token } of [ada, gone])
        expect(() => c.verifier.verify(token)).toThrow(expect.objectContaining(refused));
      const next = await c.accepted(roomId, 'm4');
      expect(next.seq).toBeGreaterThan(last.seq);
      expect(next.epoch).not.toBe(last.epoch);
      expect(await c.texts(ada.userId, roomId)).toEqual(['m1', 'm2', 'm3', 'm4']);
      expect((await c.user('new')).userId).toBeGreaterThan(gone.userId);
      expect(await c.room(ada.userId, 'new')).toBeGreaterThan(goneRoom);
      expect((await c.work()).archived).toEqual([roomId, roomId]);
      expect(c.warnings).toHaveLength(1);
      await c.end();
      // Nothing more to be found: it goes on as any other.
      const d = await start(backup);
      expect(d.warnings).toEqual([]);
    });

    it('is found out while instances run: by the next row that they make, before it is there', async () => {
      const { start, url } = await system();
      const [a, b] = await Promise.all([start(url), start(url)]);
      const gone = await a.user('gone');
      await rawSql(url, `DELETE FROM users WHERE id = ${gone.userId}`);
      await rawSql(url, 'UPDATE database_life SET beat = beat - 1');
      await rawSql(url, 'DELETE FROM database_beats WHERE n > (SELECT beat FROM database_life)');
      await rawSql(
        url,
        server.kind === 'sqlite'
          ? `UPDATE sqlite_sequence SET seq = seq - 1 WHERE name = 'users'`
          : `SELECT setval('users_id_seq', ${gone.userId - 1})`,
      );
      const eve = await b.user('eve');
      expect(eve.userId).toBeGreaterThan(gone.userId);
      await eventually(() =>
        expect(() => a.verifier.verify(gone.token)).toThrow(expect.objectContaining(refused)),
      );
      await a.service.check();
      a.verifier.verify(eve.token);
      expect([a.isDown(), b.isDown()]).toEqual([false, false]);
    });

    it('of which copies went on apart is another one', async () => {
      const { start, url } = await system();
      const a = await start(url);
      await a.user('ada');
      await a.end();
      const copy = await copyOf(server, url);
      const b = await start(url);
      const bob = await b.user('bob');
      const roomId = await b.room(bob.userId, 'one');
      await b.accepted(roomId, 'secret');
      await b.end();
      const c = await startOn((await sharedRedis()).url, uniquePrefix('elsewhere'), copy);
      const eve = await c.user('eve');
      expect(await c.room(eve.userId, 'one')).toBe(roomId);
      for (let n = 0; n < 5; n++) await c.service.check();
      await c.end();
      const d = await start(copy);
      expect(() => d.verifier.verify(bob.token)).toThrow(expect.objectContaining(refused));
      expect(await d.texts(eve.userId, roomId)).toEqual([]);
    });
  });
});
