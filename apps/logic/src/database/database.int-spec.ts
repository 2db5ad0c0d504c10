import { AppError } from '@parley/protocol';
import { eventually, spawnProcess } from '@parley/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DataSource } from 'typeorm';
import { AccountsService } from '../accounts/accounts.service.js';
import { ArchiveRepository } from '../archive/archive.repository.js';
import { RoomsRepository } from '../rooms/rooms.repository.js';
import { bundle } from './bundle.fixture.js';
import { dataSourceOptions } from './data-source-options.js';
import { InitialSchema1700000000000 } from './migrations/1700000000000-initial-schema.js';
import { describeSql, openSql, openSqliteConnection, rawSql, sqlite } from './sql-databases.conformance.js';
import { MAX_WAITING_WRITES, SqlWriter } from './sql-writer.js';

const demoIds = [3, 4, 5, 6];

describeSql('DatabaseModule', (server) => {
  it('makes room 1 and, when asked, the demo accounts with the ids that the seed expects', async () => {
    const url = await server.createDatabase();
    const app = await openSql(url, { demo: true });
    expect(await app.get(RoomsRepository).list(100)).toMatchObject([{ roomId: 1, name: 'Lobby' }]);
    const accounts = app.get(AccountsService);
    for (const [i, name] of ['demo', 'demo1', 'demo2', 'demo3'].entries())
      expect(await accounts.verify(name, '111111')).toEqual({
        userId: demoIds[i],
        userName: name,
        role: 'user',
      });
    const { userId } = await accounts.register('first', 'secret1');
    expect(userId).toBeGreaterThan(6);
    expect((await app.get(RoomsRepository).create('second', userId)).roomId).toBe(2);
  });

  it('has no demo accounts unless asked, and takes no ids from them', async () => {
    const url = await server.createDatabase();
    const app = await openSql(url);
    await expect(app.get(AccountsService).verify('demo', '111111')).rejects.toMatchObject({
      code: 'BAD_CREDENTIALS',
    });
    const { userId } = await app.get(AccountsService).register('first', 'secret1');
    expect(userId).toBeGreaterThan(6);
    await app.close();
    const later = await openSql(url, { demo: true });
    expect(await later.get(AccountsService).verify('demo', '111111')).toMatchObject({ userId: 3 });
  });

  it('keeps what is there when it starts again', async () => {
    const url = await server.createDatabase();
    const first = await openSql(url, { demo: true });
    const user = await first.get(AccountsService).register('first', 'secret1');
    await first.close();
    const before = await rawSql(url, 'SELECT * FROM users ORDER BY id');
    const second = await openSql(url, { demo: true });
    expect(await second.get(AccountsService).verify('first', 'secret1')).toEqual(user);
    expect(await rawSql(url, 'SELECT * FROM users ORDER BY id')).toEqual(before);
  });

  // Each start set the sequence to the highest committed id. A registration of another instance that had taken its id
  // but not committed it was then followed by one with the same id, refused as NAME_TAKEN.
  it('gives every registration its own id while other instances start', async () => {
    const url = await server.createDatabase();
    const accounts = (await openSql(url, { demo: true })).get(AccountsService);
    const names = Array.from({ length: 60 }, (_, i) => `user${i}`);
    let done = false;
    const starting = (async () => {
      for (let i = 0; i < 20 && !done; i++) await (await openSql(url, { demo: true })).close();
    })();
    const users = [];
    for (let i = 0; i < names.length; i += 10)
      users.push(
        ...(await Promise.all(names.slice(i, i + 10).map((name) => accounts.register(name, 'secret1')))),
      );
    done = true;
    await starting;
    expect(new Set(users.map(({ userId }) => userId)).size).toBe(names.length);
  });

  it('is migrated once by processes that start at once', async () => {
    const url = await server.createDatabase();
    const script = await bundle(new URL('./migrating-process.fixture.ts', import.meta.url));
    const children = await Promise.all(
      [1, 2, 3].map((i) =>
        spawnProcess({ command: process.execPath, args: [script, url], name: `process ${i}` }),
      ),
    );
    onTestFinished(async () => {
      await Promise.all(children.map((child) => child.kill9()));
    });
    for (const child of children)
      expect(await child.exited, child.output()).toEqual({ code: 0, signal: null });
    expect(await rawSql(url, 'SELECT id FROM rooms')).toHaveLength(1);
    const names = (await rawSql(url, 'SELECT name FROM schema_migrations')).map(({ name }) => name);
    expect(names).toEqual([...new Set(names)]);
    expect(names.length).toBeGreaterThan(0);
  });

  it('upgrades a database of the first schema, and keeps what is in it', async () => {
    const url = await server.createDatabase();
    const first = new DataSource({ ...dataSourceOptions(url), migrations: [InitialSchema1700000000000] });
    await first.initialize();
    await first.runMigrations();
    await first.query(
      `INSERT INTO users (name, name_key, password_hash, created_at) VALUES ('a', 'a', 'h', 0), ('b', 'b', 'h', 0)`,
    );
    await first.query(
      `INSERT INTO rooms (name, kind, direct_key, created_at) VALUES ('Old', 'room', NULL, 0), ('', 'direct', '1:2', 0)`,
    );
    await first.destroy();
    const app = await openSql(url);
    const rooms = app.get(RoomsRepository);
    expect(await rooms.list(100)).toMatchObject([{ roomId: 1, name: 'Old' }]);
    expect(await rooms.listDirect(2, 10)).toMatchObject([{ roomId: 2, peer: { userId: 1, userName: 'a' } }]);
    expect((await rooms.create('New', 1)).roomId).toBe(3);
    expect((await app.get(AccountsService).register('c', 'secret1')).userId).toBe(101);
    expect(await rooms.get(Number.MAX_SAFE_INTEGER)).toBeUndefined();
  });

  it('seeds once when instances start at once', async () => {
    const url = await server.createDatabase();
    const apps = await Promise.all([1, 2, 3].map(() => openSql(url, { demo: true })));
    for (const app of apps) expect(await app.get(AccountsService).findByIds(demoIds)).toHaveLength(4);
    expect(await rawSql(url, 'SELECT id FROM users')).toHaveLength(4);
    expect(await rawSql(url, 'SELECT id FROM rooms')).toHaveLength(1);
  });

  it('undoes a transaction that fails, and runs the ones queued behind it', async () => {
    const url = await server.createDatabase();
    const app = await openSql(url);
    const writer = app.get(SqlWriter);
    const insert = (id: number) =>
      `INSERT INTO rooms (id, name, kind, created_at) VALUES (${id}, 'r', 'room', 0)`;
    const failing = writer.run(async (manager) => {
      await manager.query(insert(100));
      throw new AppError('FORBIDDEN');
    });
    const others = [101, 102, 103].map((id) => writer.run((manager) => manager.query(insert(id))));
    await expect(failing).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await Promise.all(others);
    expect(await rawSql(url, 'SELECT id FROM rooms ORDER BY id')).toEqual(
      await rawSql(url, 'SELECT id FROM rooms WHERE id IN (1, 101, 102, 103) ORDER BY id'),
    );
    expect(await app.get(RoomsRepository).get(100)).toBeUndefined();
  });

  // On SQLite readers shared the writer's connection, and saw what was never committed.
  it('shows nobody what is not committed yet', async () => {
    const app = await openSql(await server.createDatabase());
    const rooms = app.get(RoomsRepository);
    await app.get(SqlWriter).run(async (manager) => {
      await manager.query(`INSERT INTO rooms (id, name, kind, created_at) VALUES (100, 'r', 'room', 0)`);
      expect(await rooms.get(100)).toBeUndefined();
    });
    expect(await rooms.get(100)).toMatchObject({ roomId: 100 });
  });
});

describeSql('a database of another encoding', (server) => {
  // Each message with a character that the encoding lacks was refused, and stopped the archive.
  it.runIf(server.kind === 'postgres')('is refused at the start, with the line that mends it', async () => {
    const url = new URL(await server.createDatabase());
    const name = `${url.pathname.slice(1)}_latin1`;
    await rawSql(
      url.href,
      `CREATE DATABASE ${name} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`,
    );
    onTestFinished(async () => {
      await rawSql(url.href, `DROP DATABASE ${name} WITH (FORCE)`);
    });
    const latin1 = new URL(url);
    latin1.pathname = `/${name}`;
    await expect(openSql(latin1.href)).rejects.toThrow(/is LATIN1.*CREATE DATABASE parley ENCODING 'UTF8'/);
  });

  it.runIf(server.kind === 'sqlite')('is as good when it is UTF-16', async () => {
    const url = await server.createDatabase();
    const other = await openSqliteConnection(url);
    await other.all(`PRAGMA encoding = 'UTF-16'`);
    await other.all('CREATE TABLE first (x)');
    await other.close();
    const rooms = (await openSql(url)).get(RoomsRepository);
    const { roomId } = await rooms.create('Klasse 🎓', 1);
    expect(await rooms.get(roomId)).toMatchObject({ name: 'Klasse 🎓' });
    expect(await rawSql(url, 'PRAGMA encoding')).toEqual([{ encoding: 'UTF-16le' }]);
  });
});

describeSql('a text that SQL cannot hold', (server) => {
  // Postgres said "invalid byte sequence", and the caller got an INTERNAL.
  it.each(['nul\0', 'half \ud800'])('is nobody and makes no room: %j', async (text) => {
    const app = await openSql(await server.createDatabase(), { demo: true });
    await expect(app.get(AccountsService).verify(text, '111111')).rejects.toMatchObject({
      code: 'BAD_CREDENTIALS',
    });
    await expect(app.get(AccountsService).verify('demo', text)).rejects.toMatchObject({
      code: 'BAD_CREDENTIALS',
    });
    await expect(app.get(AccountsService).register(text, 'secret1')).rejects.toMatchObject({
      code: 'INVALID',
    });
    await expect(app.get(RoomsRepository).create(text, 3)).rejects.toMatchObject({ code: 'INVALID' });
    expect(await app.get(ArchiveRepository).findSent(1, [{ senderId: 3, clientMsgId: text }])).toEqual([]);
  });
});

describe('DatabaseModule on SQLite files', () => {
  it('uses a write-ahead log, and syncs it on each commit', async () => {
    const app = await openSql(await sqlite.createDatabase());
    const pragmas = await app
      .get(SqlWriter)
      .run(async (manager) => [
        ...((await manager.query('PRAGMA journal_mode')) as unknown[]),
        ...((await manager.query('PRAGMA synchronous')) as unknown[]),
        ...((await manager.query('PRAGMA foreign_keys')) as unknown[]),
        ...((await manager.query('PRAGMA busy_timeout')) as unknown[]),
      ]);
    expect(pragmas).toEqual([
      { journal_mode: 'wal' },
      { synchronous: 2 },
      { foreign_keys: 1 },
      { timeout: 10_000 },
    ]);
  });

  // A transaction that reads first could not get the write lock after another process had written: SQLite says so at
  // once and for ever, and the statement was repeated for ever.
  it('can read before it writes, while another process writes', async () => {
    const url = await sqlite.createDatabase();
    const writer = (await openSql(url)).get(SqlWriter);
    const other = await openSqliteConnection(url);
    let writing: Promise<unknown> | undefined;
    await writer.run(async (manager) => {
      await manager.query('SELECT * FROM rooms');
      writing = other.all(`UPDATE rooms SET name = 'other'`);
      await manager.query(`UPDATE rooms SET seq_ceiling = 7`);
    });
    await writing;
    await other.close();
    expect(await rawSql(url, 'SELECT name, seq_ceiling FROM rooms')).toEqual([
      { name: 'other', seq_ceiling: 7 },
    ]);
  }, 20_000);

  it('refuses writes beyond what may wait, and takes them again afterwards', async () => {
    const writer = (await openSql(await sqlite.createDatabase())).get(SqlWriter);
    let release: (() => void) | undefined;
    const held = writer.run(() => new Promise<void>((resolve) => (release = resolve)));
    const waiting = Array.from({ length: MAX_WAITING_WRITES - 1 }, (_, i) => writer.run(async () => i));
    await expect(writer.run(async () => 'too many')).rejects.toMatchObject({ code: 'OVERLOADED' });
    await eventually(() => expect(release).toBeDefined());
    release?.();
    await held;
    expect(await Promise.all(waiting)).toHaveLength(MAX_WAITING_WRITES - 1);
    expect(await writer.run(async () => 'again')).toBe('again');
  });

  it('refuses a URL that it cannot use, without printing it', async () => {
    for (const url of ['sqlite::memory:', 'sqlite:', 'mysql://root:hunter2@localhost/x'])
      await expect(openSql(url)).rejects.toThrow(/^(?!.*hunter2).*database URL/i);
  });
});
