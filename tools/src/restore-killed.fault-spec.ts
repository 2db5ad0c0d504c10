import {
  eventually,
  missingPostgres,
  spawnProcess,
  startPostgres,
  type PostgresHarness,
} from '@parley/testing';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PostgresCopier } from '../backup/postgres-copier.js';
import { restoredSql } from '../backup/database-copier.js';
import { root } from '../lib/workspace.mjs';

/** What of Parley's tables the restoring statements change. */
const TABLES = `
  CREATE TABLE database_life (life text, parent text, unnamed_tokens integer);
  INSERT INTO database_life VALUES ('copied', NULL, 1);
  CREATE TABLE users (id serial PRIMARY KEY, name text);
  INSERT INTO users (name) VALUES ('ada');
  CREATE TABLE rooms (id serial PRIMARY KEY, seq_ceiling bigint);
  INSERT INTO rooms (seq_ceiling) VALUES (7)`;
const missing = missingPostgres();

describe.skipIf(missing)('a restore of Postgres', () => {
  let folder: string;
  let server: PostgresHarness;
  let dump: string;
  let fresh: string;
  let count = 0;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-restore-'));
    server = await startPostgres();
    await query('postgres', 'CREATE DATABASE old');
    await query('old', TABLES);
    dump = join(folder, 'parley.dump');
    await new PostgresCopier(urlOf('old')).backup(dump);
  });
  beforeEach(async () => {
    fresh = `fresh_${++count}`;
    await query('postgres', `CREATE DATABASE ${fresh} TEMPLATE template0`);
  });
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const urlOf = (database: string) => server.url.replace(/postgres$/, database);
  async function query(database: string, sql: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: urlOf(database) });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  }
  const tables = () => query(fresh, `SELECT tablename FROM pg_tables WHERE schemaname = 'public'`);
  const statementsOf = (sql: string) => {
    const file = join(folder, 'statements.sql');
    writeFileSync(file, sql);
    return file;
  };

  it('killed when the copy is in and its statements are not leaves no database, and the next one makes it whole', async () => {
    const held = statementsOf(`SELECT pg_sleep(3600);\n${readFileSync(restoredSql('postgres'), 'utf8')}`);
    const restoring = await spawnProcess({
      command: process.execPath,
      args: ['tools/run.mjs', 'tools/src/testing/restore.fixture.ts', urlOf(fresh), dump, held],
      cwd: root,
      name: 'restore',
    });
    const asleep = `SELECT pid FROM pg_stat_activity WHERE datname = '${fresh}' AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()`;
    await eventually(async () => expect(await query(fresh, asleep)).toHaveLength(1), { timeoutMs: 60_000 });
    await restoring.kill9();
    expect(await tables()).toEqual([]);
    // What Postgres notices by itself when there is something to say to the client that is gone.
    await query(fresh, `SELECT pg_terminate_backend(pid) FROM (${asleep}) AS found`);

    await eventually(async () => expect(await query(fresh, asleep)).toEqual([]));
    await new PostgresCopier(urlOf(fresh)).restore(dump);
    expect(await query(fresh, 'SELECT parent, life FROM database_life')).toEqual([
      { parent: 'copied', life: expect.not.stringContaining('copied') },
    ]);
    expect(await query(fresh, 'SELECT seq_ceiling FROM rooms')).toEqual([{ seq_ceiling: '1000000007' }]);
    const [user] = await query(fresh, `INSERT INTO users (name) VALUES ('eve') RETURNING id`);
    expect(Number(user?.['id'])).toBeGreaterThan(1_000_000);
  });

  it('whose statements fail leaves no database', async () => {
    const failing = statementsOf('SELECT 1; SELECT nothing_like_it();');
    await expect(new PostgresCopier(urlOf(fresh), failing).restore(dump)).rejects.toThrow(/nothing_like_it/);
    expect(await tables()).toEqual([]);
  });

  it('of half a file leaves no database', async () => {
    const whole = readFileSync(dump);
    const half = join(folder, 'half.dump');
    writeFileSync(half, whole.subarray(0, whole.length - 40));
    await expect(new PostgresCopier(urlOf(fresh)).restore(half)).rejects.toThrow(/pg_restore failed/);
    expect(await tables()).toEqual([]);
  });

  it('into a database that is used changes nothing', async () => {
    await expect(new PostgresCopier(urlOf('old')).restore(dump)).rejects.toThrow(/already exists/);
    expect(await query('old', 'SELECT life FROM database_life')).toEqual([{ life: 'copied' }]);
  });
});
