import { tlsProblem } from '@parley/config';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource, MigrationExecutor, type EntityManager } from 'typeorm';
import { BUSY_TIMEOUT_MS, dataSourceOptions } from './data-source-options.js';
import { isBusy } from './sql-errors.js';
import { immediateTransaction } from './write-transaction.js';

/** Any constant of ours: Postgres locks by number. */
const MIGRATION_LOCK = 7_070;
const WAL_RETRY_MS = 50;

/** Whether this data source is SQLite; else it is Postgres. */
export function isSqlite(dataSource: Pick<DataSource, 'options'>): boolean {
  return dataSource.options.type === 'sqlite';
}

/**
 * Opens the database and brings its schema up to date. Any number of processes may do so at once: one migrates, the
 * others wait for it.
 *
 * @param caFile - Authorities that a Postgres server's certificate has to be from.
 * @returns A data source for reading. On SQLite it refuses to write: see {@link openSqliteWriter}.
 * @throws {Error} when it cannot be opened, or stays locked longer than the busy timeout.
 */
export async function openDatabase(url: string, caFile?: string): Promise<DataSource> {
  const dataSource = new DataSource(dataSourceOptions(url, caFile));
  return whileOpen(await connected(dataSource), async () => {
    if (!isSqlite(dataSource)) {
      await requireUtf8(dataSource);
      await dataSource.transaction(async (manager) => {
        // The others wait for the whole migration, however long it takes.
        await manager.query('SET LOCAL statement_timeout = 0');
        await manager.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
        await migrate(dataSource, manager);
      });
      return;
    }
    await enableWal(dataSource, BUSY_TIMEOUT_MS);
    await immediateTransaction(dataSource, (manager) => migrate(dataSource, manager));
    await dataSource.query('PRAGMA query_only = ON');
  });
}

/**
 * A second connection to a SQLite database that {@link openDatabase} has opened: the one that writes. Readers on the
 * first never see a transaction of this one before it is committed.
 */
export async function openSqliteWriter(url: string): Promise<DataSource> {
  const dataSource = new DataSource(dataSourceOptions(url));
  return whileOpen(await dataSource.initialize(), async () => {
    // FULL: in WAL mode NORMAL leaves commits to the operating system until the next checkpoint. A power cut would then
    // undo accounts, reserved seqs and messages that Redis has trimmed because they were archived. Commits are batches,
    // so an fsync each (0.2 ms on an SSD) is cheap.
    await dataSource.query('PRAGMA synchronous = FULL');
  });
}

/**
 * Any other encoding refuses or changes messages, one by one. A SQLite file may be UTF-8 or UTF-16: both hold every text,
 * and SQLite converts.
 */
async function requireUtf8(dataSource: DataSource): Promise<void> {
  const [row]: { server_encoding: string }[] = await dataSource.query('SHOW server_encoding');
  if (row?.server_encoding === 'UTF8') return;
  throw new Error(
    `The encoding of the Postgres database is ${row?.server_encoding}, and it has to be UTF8. ` +
      `Make a new one: CREATE DATABASE parley ENCODING 'UTF8' TEMPLATE template0;`,
  );
}

/** @throws {Error} that names what TLS stands in the way of. */
async function connected(dataSource: DataSource): Promise<DataSource> {
  try {
    return await dataSource.initialize();
  } catch (error) {
    const why = tlsProblem(error);
    if (why === undefined) throw error;
    throw new Error(`Postgres is refused: ${why}`, { cause: error });
  }
}

async function whileOpen(dataSource: DataSource, prepare: () => Promise<void>): Promise<DataSource> {
  try {
    await prepare();
    return dataSource;
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
}

/** Runs what is missing, inside the transaction of `manager`: a migration happens whole or not at all. */
async function migrate(dataSource: DataSource, manager: EntityManager): Promise<void> {
  await new MigrationExecutor(dataSource, manager.queryRunner).executePendingMigrations();
}

/** Switching to WAL does not wait for a lock by itself. The file remembers it, so this succeeds once in its life. */
async function enableWal(dataSource: DataSource, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      await dataSource.query('PRAGMA journal_mode = WAL');
      return;
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
      await sleep(WAL_RETRY_MS);
    }
  }
}
