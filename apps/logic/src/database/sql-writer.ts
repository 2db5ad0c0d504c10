import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';

/**
 * Runs write transactions. SQLite under TypeORM has one connection per process, on which two transactions cannot be open
 * at once, so there they wait for each other; Postgres takes them as they come.
 *
 * @see https://github.com/typeorm/typeorm/issues/307
 */
@Injectable()
export class SqlWriter {
  private tail: Promise<unknown> = Promise.resolve();
  private readonly isSqlite: boolean;

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {
    this.isSqlite = dataSource.options.type === 'sqlite';
  }

  run<T>(job: (manager: EntityManager) => Promise<T>): Promise<T> {
    const transaction = () => this.dataSource.transaction(job);
    if (!this.isSqlite) return transaction();
    const result = this.tail.then(transaction);
    this.tail = result.catch(() => undefined);
    return result;
  }
}
