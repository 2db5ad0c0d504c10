import type { OnApplicationShutdown } from '@nestjs/common';
import { AppError } from '@parley/protocol';
import type { DataSource } from 'typeorm';
import { asAppError, isRetryable } from './sql-errors.js';
import { immediateTransaction, type SqlWork } from './write-transaction.js';

/** The one way to write to SQL. */
export abstract class SqlWriter {
  /** Told of each transaction when it is over, with its wait; seconds. */
  onTransaction: ((seconds: number) => void) | undefined;

  /**
   * Runs work in a transaction: all of it happens, or nothing.
   *
   * @param work - Uses only the manager it is given, opens no transaction, and may be run again from the start.
   * @returns What `work` returns, after the commit.
   * @throws {AppError} `UNAVAILABLE` when the database is locked, full, failing or gone; `OVERLOADED` when too much is
   *   waiting already. Errors of `work` come through as they are.
   */
  async run<T>(work: SqlWork<T>): Promise<T> {
    const startedAt = performance.now();
    try {
      return await this.transact(work);
    } finally {
      this.onTransaction?.((performance.now() - startedAt) / 1_000);
    }
  }

  protected abstract transact<T>(work: SqlWork<T>): Promise<T>;
}

/** Writes under way or waiting for their turn on SQLite; more are refused. Each is a batch or a person's click. */
export const MAX_WAITING_WRITES = 1_000;
const OVERLOADED_RETRY_MS = 1_000;

/**
 * SQLite: TypeORM has one connection, on which a second transaction would fail ("cannot start a transaction within a
 * transaction"). So transactions queue, on a connection that does nothing else.
 */
export class SqliteWriter extends SqlWriter implements OnApplicationShutdown {
  private tail: Promise<unknown> = Promise.resolve();
  private waiting = 0;
  private closed = false;

  constructor(private readonly dataSource: DataSource) {
    super();
  }

  protected async transact<T>(work: SqlWork<T>): Promise<T> {
    if (this.closed) throw new AppError('UNAVAILABLE');
    if (this.waiting >= MAX_WAITING_WRITES)
      throw new AppError('OVERLOADED', { retryAfterMs: OVERLOADED_RETRY_MS });
    this.waiting++;
    const result = this.tail.then(() => immediateTransaction(this.dataSource, work));
    this.tail = result.catch(() => undefined).finally(() => this.waiting--);
    try {
      return await result;
    } catch (error) {
      throw asAppError(error);
    }
  }

  /** Finishes what is queued, then closes the connection. */
  async onApplicationShutdown(): Promise<void> {
    this.closed = true;
    await this.tail;
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }
}

const MAX_ATTEMPTS = 3;

/** Postgres: a transaction on a connection of the pool. */
export class PostgresWriter extends SqlWriter {
  constructor(private readonly dataSource: DataSource) {
    super();
  }

  protected async transact<T>(work: SqlWork<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.dataSource.transaction(work);
      } catch (error) {
        if (!isRetryable(error) || attempt === MAX_ATTEMPTS) throw asAppError(error);
      }
    }
  }
}
