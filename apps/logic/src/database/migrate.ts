import { setTimeout as pause } from 'node:timers/promises';
import type { DataSource } from 'typeorm';

const ATTEMPTS = 20;
const RETRY_MS = 250;
/** Any constant of ours: Postgres locks by number. */
const ADVISORY_LOCK = 7_070;

/**
 * Brings the schema up to date. Several processes may do so at once: Postgres lets one at a time, and on SQLite, where
 * one of them wins, the others find the work done when they try again.
 */
export async function migrate(dataSource: DataSource): Promise<DataSource> {
  if (dataSource.options.type === 'postgres') {
    const runner = dataSource.createQueryRunner();
    try {
      await runner.query(`SELECT pg_advisory_lock(${ADVISORY_LOCK})`);
      await dataSource.runMigrations();
      await runner.query(`SELECT pg_advisory_unlock(${ADVISORY_LOCK})`);
    } finally {
      await runner.release();
    }
    return dataSource;
  }
  await dataSource.query('PRAGMA synchronous = NORMAL');
  for (let attempt = 1; ; attempt++) {
    try {
      await dataSource.runMigrations();
      return dataSource;
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      await pause(RETRY_MS);
    }
  }
}
