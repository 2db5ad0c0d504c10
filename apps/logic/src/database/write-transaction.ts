import type { DataSource, EntityManager, QueryRunner } from 'typeorm';

/** Work inside a transaction. */
export type SqlWork<T> = (manager: EntityManager) => Promise<T>;

/**
 * Runs work in a SQLite transaction that holds the write lock from its first statement.
 *
 * TypeORM's own `BEGIN` takes the lock with the first write; a transaction that has read before then fails at once,
 * without waiting, when another process wrote in between (`SQLITE_BUSY_SNAPSHOT`). `BEGIN IMMEDIATE` waits instead, up to
 * the busy timeout, and nothing in the transaction has to wait again.
 *
 * The connection is shared by everything in the data source: nobody else may use it meanwhile, and `work` must not open a
 * transaction of its own.
 */
export async function immediateTransaction<T>(dataSource: DataSource, work: SqlWork<T>): Promise<T> {
  const runner = dataSource.createQueryRunner();
  await runner.query('BEGIN IMMEDIATE');
  markTransaction(runner, true);
  try {
    const result = await work(runner.manager);
    await runner.query('COMMIT');
    return result;
  } catch (error) {
    // Fails when SQLite has rolled back by itself, as on a full disk. The first error is the one that matters.
    await runner.query('ROLLBACK').catch(() => undefined);
    throw error;
  } finally {
    markTransaction(runner, false);
  }
}

/** Makes TypeORM's `save` and the migrations join our transaction instead of beginning their own. */
function markTransaction(runner: QueryRunner, active: boolean): void {
  Object.assign(runner, { isTransactionActive: active });
}
