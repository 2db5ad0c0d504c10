import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { MetricsRegistry, PinoLogger, within } from '@parley/observability';
import { AppError } from '@parley/protocol';
import {
  compareLine,
  EventBus,
  LINE_EVENT,
  LineKnowledge,
  LineStore,
  RedisConnections,
  RoomStore,
} from '@parley/redis';
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { LineLivesRepository, type LineLife } from './line-lives.repository.js';
import { proveLines } from './line-proof.js';
import { judge, type Verdict } from './line-verdict.js';
import { LivesWatch } from './lives-watch.js';

/** How often this process notes how far the shards have come, milliseconds. */
const NOTE_EVERY_MS = 2_000;
/** How often it says so in SQL, milliseconds. */
const SAVE_EVERY_MS = 6_000;
/** A send waits for a proof no longer, milliseconds: its call has a deadline, and may be made again. */
const WAIT_FOR_PROOF_MS = 4_500;
/** A new generation is begun on a shard so often while others decide about it too. */
const MAX_TRIES = 20;
/** SQL is asked about other lives for no longer, milliseconds: a Redis that came back is not kept waiting by it. */
const SQL_WITHIN_MS = 1_000;

/**
 * Sees to it that Redis has what it had. When it came back with less, the epochs of the rooms end, and everybody is told.
 *
 * @see docs/adr/0012-a-redis-that-steps-back.md
 */
@Injectable()
export class LineService implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  /** Unlike an instance's name, never that of an earlier process. */
  private readonly life = randomBytes(9).toString('base64url');
  private readonly knowledge: LineKnowledge;
  private readonly watch: LivesWatch;
  private proving: Promise<void> | undefined;
  private noting: Promise<void> | undefined;
  private timers: NodeJS.Timeout[] = [];
  private saved = '';
  private notedAt = 0;
  /** What to add to this process's monotonic clock for Redis's time. */
  private clockMs = Date.now() - performance.now();
  private closed = false;
  private readonly verdicts;

  constructor(
    @Inject(LineStore) private readonly store: LineStore,
    @Inject(RoomStore) rooms: RoomStore,
    @Inject(LineLivesRepository) private readonly lives: LineLivesRepository,
    @Inject(RedisConnections) private readonly redis: RedisConnections,
    @Inject(EventBus) private readonly events: EventBus,
    @Inject(MetricsRegistry) metrics: MetricsRegistry,
    @Inject(PinoLogger) private readonly logger: PinoLogger,
  ) {
    this.verdicts = metrics.counter({
      name: 'parley_line_verdicts_total',
      help: 'Shards judged after Redis came back: unbroken, stepped-back, unknown',
      labelNames: ['because'],
    });
    // Prometheus takes what begins with 1 for no increase: the first one would ring nowhere.
    const reasons = ['unbroken', 'stepped-back', 'unknown'] as const satisfies readonly Verdict['because'][];
    for (const because of reasons) this.verdicts.inc({ because }, 0);
    this.knowledge = new LineKnowledge(store.shardCount);
    rooms.onAppended((roomId, position) => this.knowledge.saw(store.shardOf(roomId), position));
    this.watch = new LivesWatch(store, lives, this.life);
  }

  async onModuleInit(): Promise<void> {
    // Known before it accepts anything: whoever decides about a Redis that came back waits for it.
    await this.lives.save(this.life, this.knowledge, false);
    const rows = await this.lives.list();
    for (const { known } of rows)
      known?.all().forEach((position, shard) => this.knowledge.saw(shard, position));
    this.knowledge.lives = new Set([this.life, ...rows.filter((row) => !row.closed).map(({ life }) => life)]);
    await this.events.subscribe(LINE_EVENT, z.object({}), () => this.start());
  }

  onApplicationBootstrap(): void {
    const every = (ms: number, work: () => Promise<void>) =>
      this.timers.push(setInterval(() => void work().catch(() => undefined), ms).unref());
    every(NOTE_EVERY_MS, () => this.noteNow());
    every(SAVE_EVERY_MS, () => this.save());
    this.redis.main.on('ready', () => this.start());
    this.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopTimers();
    // Said in SQL first: who is on no list and has not said what it saw would be forgotten, not missed.
    await within(this.lives.save(this.life, this.knowledge, true), SQL_WITHIN_MS).catch(() => undefined);
    await within(this.store.forget(this.life), SQL_WITHIN_MS).catch(() => undefined);
  }

  /** Nothing more happens by itself. */
  stopTimers(): void {
    this.closed = true;
    for (const timer of this.timers) clearInterval(timer);
  }

  /** Redis's time as it was noted last, whatever this machine's clock says; ms since 1970. */
  redisNowMs(): number {
    return performance.now() + this.clockMs;
  }

  /**
   * Resolves when every shard is proven on the server that answers.
   *
   * @throws {AppError} `UNAVAILABLE` when that takes too long; nothing has been accepted then.
   */
  async proven(): Promise<void> {
    try {
      if ((await within(this.prove(), WAIT_FOR_PROOF_MS)) === 'done') return;
    } catch (cause) {
      throw new AppError('UNAVAILABLE', { cause });
    }
    throw new AppError('UNAVAILABLE', { retryAfterMs: 1_000 });
  }

  /**
   * Begins a new generation on every shard: all epochs end.
   *
   * @param voidLogs - What Redis holds is of another database: rooms come back with empty logs.
   * @throws when Redis does not answer.
   */
  async beginAll({ voidLogs }: { readonly voidLogs: boolean }): Promise<void> {
    await this.prove();
    const begun = new Set<number>();
    // Whoever else decides about a shard meanwhile does not do so for our reason.
    for (let tries = 0; begun.size < this.store.shardCount && tries < MAX_TRIES; tries++)
      for (const survey of await this.store.survey()) {
        if (begun.has(survey.shard)) continue;
        const { generation } = judge(survey, [survey], false, randomBytes(6).toString('base64url'));
        if (await this.store.begin(survey, generation, voidLogs)) begun.add(survey.shard);
      }
    if (begun.size < this.store.shardCount) throw new AppError('UNAVAILABLE');
    await this.noteNow();
  }

  private start(): void {
    if (!this.closed) this.noteNow().catch(() => undefined);
  }

  /** Notes how far all shards have come, whoever accepted; so the end of one process loses no witness. */
  noteNow(): Promise<void> {
    return (this.noting ??= this.noteOnce().finally(() => (this.noting = undefined)));
  }

  private async noteOnce(): Promise<void> {
    const before = this.knowledge.all();
    const lives = await this.store.beat(this.life);
    const surveys = await this.store.survey();
    if (surveys.some(({ serverId, provenOn }) => serverId !== provenOn)) return this.prove();
    for (const survey of surveys) {
      const seen = before[survey.shard];
      // Decided without this life, which knew better: it was away for too long.
      if (seen && !(compareLine(seen, survey) <= 0)) {
        const verdict = judge(survey, [seen], true, randomBytes(6).toString('base64url'));
        if (await this.store.begin(survey, verdict.generation)) this.tell([verdict]);
      } else this.knowledge.saw(survey.shard, survey);
    }
    this.knowledge.lives = new Set([this.life, ...Object.keys(lives)]);
    const now = performance.now();
    this.clockMs = (surveys[0]?.nowMs ?? Date.now()) - now;
    // Away for so long that others may have taken this life for ended.
    if (now - this.notedAt > 2 * NOTE_EVERY_MS) this.saved = '';
    this.notedAt = now;
    this.watch.see(lives, now);
  }

  private prove(): Promise<void> {
    const verdicts: Verdict[] = [];
    return (this.proving ??= proveLines({
      store: this.store,
      life: this.life,
      knowledge: this.knowledge,
      call: () => void this.events.publish(LINE_EVENT, {}).catch(() => undefined),
      livesInSql: () => this.livesInSql(),
      onVerdict: (verdict) => verdicts.push(verdict),
    }).finally(() => {
      this.proving = undefined;
      this.tell(verdicts);
    }));
  }

  private async livesInSql(): Promise<readonly LineLife[] | undefined> {
    let rows: readonly LineLife[] | undefined;
    await within(
      this.lives.list().then((list) => (rows = list)),
      SQL_WITHIN_MS,
    ).catch(() => undefined);
    return rows;
  }

  /** Every few seconds: after a start of everything, SQL knows what a Redis with older files does not. */
  async save(): Promise<void> {
    const text = this.knowledge.toText();
    if (text !== this.saved) await this.lives.save(this.life, this.knowledge, false);
    this.saved = text;
    await this.watch.removeEnded();
  }

  private tell(verdicts: readonly Verdict[]): void {
    const ended = verdicts.filter(({ because }) => because !== 'unbroken');
    for (const { because } of verdicts) this.verdicts.inc({ because });
    if (ended.length === 0) return;
    const because = [...new Set(ended.map((verdict) => verdict.because))];
    this.logger.warn({ shards: ended.length, because }, 'Redis may have less than it had: epochs end');
  }
}
