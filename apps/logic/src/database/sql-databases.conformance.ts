import 'reflect-metadata';
import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { SigningKeys } from '@parley/service-host';
import { missingPostgres, startPostgres } from '@parley/testing';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, onTestFinished } from 'vitest';
import { AccountsModule } from '../accounts/accounts.module.js';
import { SeedService } from '../accounts/seed.service.js';
import { DatabaseModule } from '../database.module.js';

/** Makes empty databases of one kind. */
export interface SqlServer {
  readonly kind: 'sqlite' | 'postgres';
  /** @returns The URL of a new, empty database; removed when the test ends. */
  createDatabase(): Promise<string>;
}

/** SQLite files in temporary folders. */
export const sqlite: SqlServer = { kind: 'sqlite', createDatabase: createSqliteFile };

/**
 * Registers one suite for SQLite and one for Postgres. The Postgres server is the one `PARLEY_TEST_POSTGRES_URL` names
 * (its user must be allowed to create databases), else a private one on a free port. Where there is neither, the suite is
 * reported as skipped, by name.
 */
export function describeSql(title: string, suite: (server: SqlServer) => void): void {
  describe(`${title} on SQLite`, () => suite(sqlite));

  const given = process.env['PARLEY_TEST_POSTGRES_URL'];
  const missing = given === undefined ? missingPostgres() : undefined;
  if (missing !== undefined) {
    describe.skip(`${title} on Postgres (skipped: ${missing})`, () =>
      suite({ kind: 'postgres', createDatabase: noServer }));
    return;
  }
  describe(`${title} on Postgres`, () => {
    let adminUrl = given ?? '';
    let stop: () => Promise<void> = async () => undefined;
    beforeAll(async () => {
      if (given === undefined) ({ url: adminUrl, stop } = await startPostgres());
    });
    afterAll(() => stop());
    suite({ kind: 'postgres', createDatabase: () => createPostgresDatabase(adminUrl) });
  });
}

/** logic's SQL side as the app composes it, on a database. Closed when the test ends, unless it was closed before. */
export async function openSql(
  url: string,
  options: { demo?: boolean } = {},
): Promise<INestApplicationContext> {
  @Module({
    imports: [
      AccountsModule.forRoot({
        // The least that argon2 takes: these tests are not about its strength.
        argon2: { memoryKib: 1_024, iterations: 2, parallelism: 1 },
        keys: new SigningKeys('a secret of the tests, nothing else'),
        sessionTtlMs: 60_000,
        demo: options.demo ?? false,
      }),
      DatabaseModule.forRoot(url),
    ],
    providers: [SeedService],
  })
  class SqlModule {}
  const app = await NestFactory.createApplicationContext(SqlModule, {
    logger: ['error'],
    abortOnError: false,
  });
  onTestFinished(() => app.close());
  return app;
}

/** Runs statements past the app, on a connection of their own. */
export async function rawSql(url: string, sql: string): Promise<Record<string, unknown>[]> {
  if (!url.startsWith('sqlite:')) {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  }
  const connection = await openSqliteConnection(url);
  try {
    return await connection.all(sql);
  } finally {
    await connection.close();
  }
}

/** A bare SQLite connection, to lock the file with. */
export async function openSqliteConnection(url: string): Promise<{
  all(sql: string): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}> {
  const { default: sqlite3 } = await import('sqlite3');
  const database = await new Promise<InstanceType<typeof sqlite3.Database>>((resolve, reject) => {
    const opened = new sqlite3.Database(url.slice('sqlite:'.length), (error) =>
      error ? reject(error) : resolve(opened),
    );
  });
  return {
    all: (sql) =>
      new Promise((resolve, reject) =>
        database.all<Record<string, unknown>>(sql, (error, rows) => (error ? reject(error) : resolve(rows))),
      ),
    close: () =>
      new Promise((resolve, reject) => database.close((error) => (error ? reject(error) : resolve()))),
  };
}

async function createSqliteFile(): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'parley-sql-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return `sqlite:${join(dir, 'parley.sqlite3')}`;
}

async function createPostgresDatabase(adminUrl: string): Promise<string> {
  const name = `parley_test_${randomUUID().replaceAll('-', '')}`;
  await rawSql(adminUrl, `CREATE DATABASE ${name}`);
  onTestFinished(async () => {
    await rawSql(adminUrl, `DROP DATABASE ${name} WITH (FORCE)`);
  });
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return url.href;
}

async function noServer(): Promise<string> {
  throw new Error('there is no Postgres server');
}
