import { Inject, Injectable } from '@nestjs/common';
import { AppError } from '@parley/protocol';
import { addBeat, type SqlBeat } from './database-beat.js';
import { SqlWriter } from './sql-writer.js';
import type { SqlWork } from './write-transaction.js';

/** Tables whose ids others remember: in tokens, in Redis, in clients. */
export type IssuedKind = 'users' | 'rooms';

/** What is known outside SQL of the database's life. */
export interface LifeGuard {
  /** Which life it is, and the newest beat that it surely had; read before a row is made. */
  known(): Promise<{ readonly life: string; readonly beat: number }>;
  /** A row is committed, with a beat of its own; nobody has been told of it yet. */
  issued(kind: IssuedKind, id: number, beat: SqlBeat): Promise<void>;
  /** The database is not what was known: it has stepped back, or is another one. */
  check(): Promise<void>;
}

const MAX_ATTEMPTS = 3;

class NotAsKnown extends Error {}

/** Makes rows whose ids were never issued before, also when the database has stepped back and would issue them again. */
@Injectable()
export class IdIssuer {
  private guard: LifeGuard | undefined;

  constructor(@Inject(SqlWriter) private readonly writer: SqlWriter) {}

  /** Asks and tells this from now on. */
  use(guard: LifeGuard): void {
    this.guard = guard;
  }

  /**
   * Runs work that makes a row; see {@link SqlWriter.run}.
   *
   * @param idOf - The id of the row; undefined when none was made.
   * @throws {AppError} `UNAVAILABLE`, also when Redis cannot be asked or told. Errors of `work` come through.
   */
  async run<T>(kind: IssuedKind, work: SqlWork<T>, idOf: (result: T) => number | undefined): Promise<T> {
    const { guard } = this;
    if (!guard) return this.writer.run(work);
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      // Before the transaction: no writer waits for Redis. What is known was committed, so SQL must have it.
      const known = await orUnavailable(guard.known());
      try {
        const { result, id, beat } = await this.writer.run(async (manager) => {
          const result = await work(manager);
          const id = idOf(result);
          // Last, because it locks a row that all of these need.
          const beat = id === undefined ? undefined : await addBeat(manager);
          // Before the commit: an id that was issued before must not exist at all.
          if (beat && (beat.life !== known.life || beat.beat <= known.beat)) throw new NotAsKnown();
          return { result, id, beat };
        });
        if (id !== undefined && beat) await orUnavailable(guard.issued(kind, id, beat));
        return result;
      } catch (error) {
        if (!(error instanceof NotAsKnown)) throw error;
        await orUnavailable(guard.check());
      }
    }
    throw new AppError('UNAVAILABLE');
  }
}

async function orUnavailable<T>(promise: Promise<T>): Promise<T> {
  return promise.catch((cause: unknown) => {
    throw cause instanceof AppError ? cause : new AppError('UNAVAILABLE', { cause });
  });
}
