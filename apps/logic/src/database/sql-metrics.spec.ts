import { MetricsRegistry } from '@parley/observability';
import type { DataSource, QueryRunner } from 'typeorm';
import { expect, it } from 'vitest';
import { measureSql } from './sql-metrics.js';
import { SqlWriter } from './sql-writer.js';
import type { SqlWork } from './write-transaction.js';

class Writer extends SqlWriter {
  protected transact<T>(work: SqlWork<T>): Promise<T> {
    return work(undefined as never);
  }
}

/** A driver whose runner answers what it is asked, and refuses `bad`; the same one each time, or another. */
function source(shared: boolean): DataSource {
  const create = () =>
    ({
      query: (text: string) => (text === 'bad' ? Promise.reject(new Error('no')) : Promise.resolve(text)),
    }) as unknown as QueryRunner;
  const only = create();
  return { driver: { createQueryRunner: () => (shared ? only : create()) } } as unknown as DataSource;
}

it.each([true, false])(
  'counts each statement once, whether it is answered or not (shared: %s)',
  async (shared) => {
    const registry = new MetricsRegistry();
    const dataSource = source(shared);
    const writer = new Writer();
    measureSql(registry, writer, [dataSource]);
    const run = (text: string) => dataSource.driver.createQueryRunner('master').query(text);
    expect(await run('a')).toBe('a');
    expect(await run('b')).toBe('b');
    await expect(run('bad')).rejects.toThrow('no');
    await writer.run(() => Promise.resolve());
    await expect(writer.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    const text = await registry.metrics();
    for (const line of [
      'parley_sql_statement_seconds_count 3',
      'parley_sql_errors_total 1',
      'parley_sql_transaction_seconds_count 2',
    ])
      expect(text).toContain(line);
  },
);
