import { startPostgres } from '@parley/testing';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import sqlite3 from 'sqlite3';

export const sqlKinds = ['sqlite', 'postgres'] as const;
export type SqlKind = (typeof sqlKinds)[number];

/** The database of a run, and what can happen to it. */
export interface SqlServer {
  readonly kind: SqlKind;
  /** For logic; undefined for the file it makes by itself. */
  readonly url: string | undefined;
  /** Keeps every writer out. */
  lock(forMs: number): Promise<void>;
  /** Kills it and starts it again after a while. Undefined for SQLite, which has no process to lose. */
  readonly lose: ((forMs: number) => Promise<void>) | undefined;
  stop(): Promise<void>;
}

/**
 * @param dataDir - Where logic keeps its SQLite file, once it has started.
 * @throws {Error} for Postgres where there is none on this machine.
 */
export async function startSql(kind: SqlKind, dataDir: () => string): Promise<SqlServer> {
  return kind === 'sqlite' ? sqliteFile(dataDir) : postgresServer();
}

function sqliteFile(dataDir: () => string): SqlServer {
  return {
    kind: 'sqlite',
    url: undefined,
    lose: undefined,
    lock: async (forMs) => {
      const database = await new Promise<sqlite3.Database>((resolve, reject) => {
        const opened = new sqlite3.Database(join(dataDir(), 'parley.sqlite3'), (error) =>
          error ? reject(error) : resolve(opened),
        );
      });
      const run = (sql: string) =>
        new Promise<void>((resolve, reject) =>
          database.run(sql, (error: Error | null) => (error ? reject(error) : resolve())),
        );
      await run('PRAGMA busy_timeout = 5000');
      await run('BEGIN IMMEDIATE');
      await pause(forMs);
      await run('ROLLBACK');
      await new Promise((resolve) => database.close(resolve));
    },
    stop: async () => undefined,
  };
}

async function postgresServer(): Promise<SqlServer> {
  const server = await startPostgres();
  return {
    kind: 'postgres',
    url: server.url,
    lock: async (forMs) => {
      const client = new pg.Client({ connectionString: server.url });
      await client.connect();
      await client.query('BEGIN');
      await client.query('LOCK TABLE messages IN ACCESS EXCLUSIVE MODE');
      await pause(forMs);
      await client.query('ROLLBACK');
      await client.end();
    },
    lose: async (forMs) => {
      await server.kill();
      await pause(forMs);
      await server.restart();
    },
    stop: () => server.stop(),
  };
}
