import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { PinoLogger, type ErrorLog } from '@parley/observability';
import { AppError } from '@parley/protocol';
import { DatabaseLife, DatabaseLifeStore, LineStore, type KnownLife } from '@parley/redis';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { IdIssuer, type IssuedKind, type LifeGuard } from '../database/id-issuer.js';
import type { SqlBeat } from '../database/database-beat.js';
import { ERROR_LOG } from '../error-log.js';
import { LineService } from '../line/line.service.js';
import { DatabaseLifeRepository, type SqlLife } from './database-life.repository.js';
import { LIFE_SURROUNDINGS, type LifeSurroundings } from './life-surroundings.js';
import { judgeDatabase, type DatabaseVerdict } from './database-verdict.js';

/** How often the database is asked whether it is still the same, milliseconds. */
const BEAT_MS = 5_000;
/**
 * At the start others are waited for so long, milliseconds: an instance that was killed counts as serving until its lease
 * has ended, and another one may be switching.
 */
const WAIT_FOR_OTHERS_MS = 15_000;
const ASK_EVERY_MS = 250;

/**
 * Keeps Redis and SQL of one life. The name of the database's life is in SQL, Redis holds the one that it belongs to: when
 * they differ, or SQL has stepped back, what is in Redis is not shown with this database.
 *
 * @see docs/adr/0014-database-lives.md
 */
@Injectable()
export class DatabaseLifeService implements LifeGuard, OnModuleInit, OnApplicationShutdown {
  private readonly owner = randomUUID();
  private mine: string | undefined;
  private checking: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(DatabaseLifeRepository) private readonly sql: DatabaseLifeRepository,
    @Inject(DatabaseLifeStore) private readonly redis: DatabaseLifeStore,
    @Inject(DatabaseLife) private readonly life: DatabaseLife,
    @Inject(LineStore) private readonly lines: Pick<LineStore, 'survey'>,
    @Inject(LineService) private readonly line: Pick<LineService, 'beginAll'>,
    @Inject(IdIssuer) issuer: IdIssuer,
    @Inject(LIFE_SURROUNDINGS) private readonly surroundings: LifeSurroundings,
    @Inject(PinoLogger) private readonly logger: Pick<PinoLogger, 'warn'>,
    @Inject(ERROR_LOG) private readonly logError: ErrorLog,
  ) {
    issuer.use(this);
  }

  async onModuleInit(): Promise<void> {
    await this.check();
    this.timer = setInterval(() => {
      void this.check().catch((error: unknown) => this.logError(error, 'database life'));
    }, BEAT_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  async known(): Promise<{ life: string; beat: number }> {
    const known = await this.redis.read();
    if (known.life !== '') return known;
    // Redis has lost its data.
    await this.check();
    return this.redis.read();
  }

  async issued(kind: IssuedKind, id: number, beat: SqlBeat): Promise<void> {
    if (!(await this.redis.raise(beat, { [kind]: id }))) await this.check();
  }

  /**
   * Compares SQL with what Redis knows, mends what is not of one life, and leaves a beat in both. One runs at a time.
   *
   * @throws {Error} at the start, when others serve another database. Later, when SQL or Redis do not answer.
   */
  check(): Promise<void> {
    return (this.checking ??= this.compare().finally(() => (this.checking = undefined)));
  }

  private async compare(): Promise<void> {
    let seen = await this.look();
    if (seen.verdict === 'new') await this.redis.adopt('', seen.sql.life, seen.sql.unnamedTokens);
    else if (seen.verdict !== 'same') {
      const goesOn = seen.verdict === 'behind' || seen.verdict === 'renewed';
      if (this.mine !== undefined && !goesOn) {
        this.logger.warn(
          { verdict: seen.verdict },
          'Redis and SQL are of different databases: this instance stops',
        );
        return this.surroundings.standDown();
      }
      seen = await this.moveOn();
    }
    const beat = await this.sql.addBeat();
    await this.redis.raise(beat, seen.sql.highest);
    this.mine = beat.life;
    if (this.life.current !== beat.life) await this.life.announce();
  }

  private async look(): Promise<{ known: KnownLife; sql: SqlLife; verdict: DatabaseVerdict }> {
    // In this order: what Redis knows was committed before, so SQL, read later, must have it; and whoever has accepted
    // anything has left a beat before.
    const isUsed =
      this.mine === undefined && (await this.lines.survey()).some(({ streamId }) => streamId !== '0-0');
    const known = await this.redis.read();
    const sql = await this.sql.read(known.beat);
    return { known, sql, verdict: judgeDatabase(known, sql, isUsed) };
  }

  /** Every step may be repeated, up to the last, which decides. One process does this at a time. */
  private async moveOn(): Promise<Awaited<ReturnType<DatabaseLifeService['look']>>> {
    await this.awaitTurn();
    try {
      let seen = await this.look();
      if (seen.verdict === 'behind' || seen.verdict === 'forked') {
        await this.sql.renew(seen.sql.life, seen.verdict === 'behind');
        seen = await this.look();
      }
      const { known, sql, verdict } = seen;
      const goesOn = verdict === 'renewed';
      // Another instance was first, or Redis has lost its data since: the next check sees to that.
      if (verdict === 'same') return seen;
      if (verdict === 'new' || (this.mine !== undefined && !goesOn)) throw new AppError('UNAVAILABLE');
      await this.sql.goAbove(known.everIssued);
      const moved = goesOn ? { aside: 0, back: 0 } : await this.redis.swapStreams(known.life, sql.life);
      await this.line.beginAll({ voidLogs: !goesOn });
      if (!(await this.redis.adopt(known.life, sql.life, false))) throw new AppError('UNAVAILABLE');
      this.logger.warn(
        { from: known.life, to: sql.life, entriesPutAside: moved.aside, entriesBroughtBack: moved.back },
        goesOn
          ? 'The database has stepped back: everybody has to log in again'
          : 'Redis was of another database, whose messages it keeps aside: everybody has to log in again',
      );
      await this.life.announce();
      return seen;
    } finally {
      await this.redis.unlock(this.owner);
    }
  }

  /** Resolves when this process alone may move on. @throws {Error} at the start, when others serve with another database. */
  private async awaitTurn(): Promise<void> {
    const deadline = performance.now() + WAIT_FOR_OTHERS_MS;
    for (;;) {
      const others = this.mine === undefined ? await this.surroundings.othersServing() : 0;
      if (others === 0 && (await this.redis.lock(this.owner))) return;
      if (performance.now() > deadline) {
        if (others === 0) throw new AppError('UNAVAILABLE');
        throw new Error(
          `${others} running instances of logic use another database with this Redis, or a newer copy of this one. Give ` +
            'this one their PARLEY_DATABASE_URL; or stop them first, if Redis shall belong to this database from now on.',
        );
      }
      await sleep(ASK_EVERY_MS);
    }
  }
}
