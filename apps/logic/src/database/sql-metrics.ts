import type { MetricsRegistry } from '@parley/observability';
import type { DataSource, QueryRunner } from 'typeorm';
import type { SqlWriter } from './sql-writer.js';

type Query = (...args: Parameters<QueryRunner['query']>) => Promise<unknown>;

/** Measures the statements of these data sources, and the transactions of a writer with their wait for each other. */
export function measureSql(
  registry: MetricsRegistry,
  writer: SqlWriter,
  dataSources: Iterable<DataSource>,
): void {
  const statements = registry
    .durations({ name: 'parley_sql_statement_seconds', help: 'SQL statements until the database answered' })
    .of();
  const errors = registry
    .tally({ name: 'parley_sql_errors_total', help: 'SQL statements that the database refused' })
    .of();
  const transactions = registry
    .durations({
      name: 'parley_sql_transaction_seconds',
      help: 'Transactions that write, with their wait for their turn or for a lock',
    })
    .of();
  writer.onTransaction = (seconds) => transactions.observe(seconds);
  const measured = new WeakSet<QueryRunner>();
  for (const { driver } of dataSources) {
    const create = driver.createQueryRunner.bind(driver);
    driver.createQueryRunner = (mode) => {
      const runner = create(mode);
      // SQLite has one for all.
      if (measured.has(runner)) return runner;
      measured.add(runner);
      const query = runner.query.bind(runner) as Query;
      runner.query = async (...args: Parameters<Query>): Promise<never> => {
        const startedAt = performance.now();
        try {
          return (await query(...args)) as never;
        } catch (error) {
          errors.add();
          throw error;
        } finally {
          statements.observe((performance.now() - startedAt) / 1_000);
        }
      };
      return runner;
    };
  }
}
