import { Inject, Injectable } from '@nestjs/common';
import type { AppConfig } from '@parley/config';
import {
  createLogger,
  HealthRegistry,
  MetricsRegistry,
  throttledErrorLog,
  within,
  type ErrorLog,
} from '@parley/observability';
import { DispatchStreams, ShardOwner, StreamConsumer, type StreamItem } from '@parley/queue';
import {
  DatabaseLife,
  EventBus,
  LeaseStore,
  LineStore,
  LineWitness,
  RedisConnections,
  RedisKeys,
} from '@parley/redis';
import { REGISTRY, type Registry } from '@parley/registry';
import { setTimeout as pause } from 'node:timers/promises';
import { ArchiverService } from './archiver.service.js';
import { Backlog } from './backlog.js';
import { DispatcherService } from './dispatcher.service.js';
import { QueueAges } from './queue-ages.js';
import { RedisClock } from './redis-clock.js';
import { workerMetrics, type WorkerMetrics } from './worker-metrics.js';

/** Injection token of the worker's config. */
export const WORKER_CONFIG = Symbol('WORKER_CONFIG');

/** Unacknowledged entries in one process's hands, per group. */
const MAX_IN_HAND = 50_000;
/** Until logic knows of the database that this worker knows of, milliseconds. */
const OTHER_DATABASE_PAUSE_MS = 200;
/** Longest wait before gateways are asked for what they were told of, milliseconds: what a lost hint costs. */
const CONFIRM_PAUSE_MS = 100;
const TRIM_INTERVAL_MS = 1_000;
/** Every so many of these, shards without traffic are looked at too: nothing may stay pending for ever. */
const LOOK_AT_ALL_EVERY = 30;
/** How long a stopping worker waits for gateways to confirm what it has given them, milliseconds. */
const FINISH_WITHIN_MS = 2_000;
const LEAVE_WITHIN_MS = 500;

/** Owns shards, reads their streams, and has messages dispatched and archived. */
@Injectable()
export class WorkerService {
  private readonly owner: ShardOwner;
  private readonly streams: DispatchStreams;
  private readonly dispatching: StreamConsumer;
  private readonly archiving: StreamConsumer;
  private readonly logError: ErrorLog;
  private trimTimer: NodeJS.Timeout | undefined;
  private readonly backlog: Backlog;
  private readonly clock = new RedisClock();
  private readonly ages = new QueueAges(() => this.owner.owned().keys());
  private readonly metrics: WorkerMetrics;
  private readonly witness: LineWitness;
  /** Shards with traffic since their last trim, or taken over. */
  private readonly untrimmed = new Set<number>();
  private known: ReadonlySet<number> = new Set();
  private trims = 0;
  /** The batch that is being archived: whether all of it is kept. */
  private writing = Promise.resolve(true);

  constructor(
    @Inject(WORKER_CONFIG) private readonly config: AppConfig<'task-worker'>,
    @Inject(REGISTRY) private readonly registry: Registry,
    @Inject(DispatcherService) private readonly dispatcher: DispatcherService,
    @Inject(ArchiverService) private readonly archiver: ArchiverService,
    @Inject(HealthRegistry) health: HealthRegistry,
    @Inject(MetricsRegistry) metrics: MetricsRegistry,
    @Inject(LeaseStore) leases: LeaseStore,
    @Inject(RedisConnections) connections: RedisConnections,
    @Inject(RedisKeys) keys: RedisKeys,
    @Inject(LineStore) lines: LineStore,
    @Inject(EventBus) events: EventBus,
    @Inject(DatabaseLife) private readonly database: DatabaseLife,
  ) {
    const { instanceId, dispatch } = config;
    const logger = createLogger({ service: 'task-worker', instanceId, level: config.log.level });
    this.logError = throttledErrorLog(logger);
    this.witness = new LineWitness(lines, connections, events, (error) => this.logError(error, 'witness'));
    this.streams = new DispatchStreams(connections.main, keys);
    this.owner = new ShardOwner(leases, {
      instanceId,
      shardCount: config.redis.shardCount,
      leaseTtlMs: dispatch.shardLeaseTtlMs,
      candidates: () => this.candidates(),
      onError: (error) => this.logError(error, 'shard leases'),
    });
    const reading = { batchSize: dispatch.batchSize, blockMs: dispatch.blockMs, maxInHand: MAX_IN_HAND };
    this.dispatching = new StreamConsumer(connections, this.streams, this.owner, {
      ...reading,
      group: 'dispatch',
      onBatch: async (items, more) => {
        // A shard's entries come in the order of their ids: the last one stands for all before it.
        const newest = new Map(items.map(({ shard, streamId }) => [shard, streamId]));
        for (const [shard, streamId] of newest) {
          this.untrimmed.add(shard);
          this.witness.saw(shard, streamId);
        }
        await this.dispatcher.dispatch(items);
        // Who has been told already can wait to be asked: what comes meanwhile shares the next call.
        if (!more && items.every(({ hinted }) => hinted)) await pause(CONFIRM_PAUSE_MS);
      },
      onError: (error) => this.logError(error, 'dispatch stream'),
    });
    this.archiving = new StreamConsumer(connections, this.streams, this.owner, {
      ...reading,
      batchSize: config.archive.batchSize,
      group: 'archive',
      onBatch: async (items, more) => {
        // One batch is written while the next one is read; not two, for the entries of a room are archived in their order.
        const isKept = await this.writing;
        // What comes behind entries that were not kept is read again, behind them.
        if (!isKept) this.archiving.forget(shardsOf(items));
        this.writing = isKept ? this.archive(items) : Promise.resolve(true);
        // Nobody waits for the archive: what comes meanwhile shares the next call.
        if (!more && items.length < config.archive.batchSize) await pause(config.archive.flushMs);
      },
      databaseLife: () => this.database.current,
      onUnreadable: ({ shard, streamId, fields }) =>
        this.archiver.keepAside('unreadable', { shard, streamId, fields }),
      onError: (error) => this.logError(error, 'archive stream'),
    });
    this.dispatcher.configure({
      laneMaxEntries: dispatch.laneMaxEntries,
      deliverDeadlineMs: dispatch.deliverDeadlineMs,
      onError: this.logError,
      onDone: (items) => {
        this.dispatching.ack(items);
        this.metrics.dispatched(items);
      },
      onBodyUnneeded: (item) => this.dispatching.letGoOfBody(item),
      onStale: (shard, seenFence) => this.owner.lose(shard, seenFence),
    });
    // Streams were exchanged: the ones that are back have pending entries that nobody has.
    database.onChanged(() => {
      this.dispatching.forget();
      this.archiving.forget();
    });
    const { maxPendingEntries } = config;
    const backlog = new Backlog({
      maxPendingEntries,
      owned: () => this.owner.owned().keys(),
      onAlarm: (entries) => logger.warn({ entries, maxPendingEntries }, 'the streams are filling up'),
    });
    this.backlog = backlog;
    health.register('backlog', () => !backlog.isTooLong || 'the streams are filling up');
    this.metrics = workerMetrics(metrics, {
      ages: this.ages,
      clock: this.clock,
      streamEntries: () => backlog.total,
      maxPendingEntries,
      shardsOwned: () => this.owner.owned().size,
      shardCount: config.redis.shardCount,
      laneEntries: () => dispatcher.pending,
    });
  }

  async start(): Promise<void> {
    await this.registry.watch('task-worker', () => this.owner.poke());
    await this.witness.start();
    this.owner.start();
    this.dispatching.start();
    this.archiving.start();
    this.trimTimer = setInterval(
      () => void this.trim().catch((error: unknown) => this.logError(error, 'trim')),
      TRIM_INTERVAL_MS,
    );
  }

  /** Stops reading, finishes what is in hand within its time, and gives the shards back. */
  async stop(): Promise<void> {
    clearInterval(this.trimTimer);
    this.archiver.stop();
    await Promise.all([this.dispatching.stopReading(), this.archiving.stopReading()]);
    const deadline = performance.now() + FINISH_WITHIN_MS;
    while (this.dispatching.inHand + this.archiving.inHand > 0 && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 10));
    // Redis may be away: then nobody is told, and it is waited for in vain for a moment.
    await within(this.witness.stop(), LEAVE_WITHIN_MS).catch((error: unknown) =>
      this.logError(error, 'witness'),
    );
    await this.owner.stop();
  }

  /** @returns Whether all of them are kept. */
  private async archive(items: readonly StreamItem[]): Promise<boolean> {
    const { archived, foreign } = await this.archiver.archive(items, (error) =>
      this.logError(error, 'archive'),
    );
    this.archiving.ack(archived);
    this.metrics.archived(archived);
    for (const { shard } of items) this.untrimmed.add(shard);
    if (foreign.length > 0) await this.letGo(foreign);
    return archived.length === items.length;
  }

  /** What was read before Redis came to belong to another database is no longer in the streams; the rest is read again. */
  private async letGo(items: readonly StreamItem[]): Promise<void> {
    await this.database.reload().catch((error: unknown) => this.logError(error, 'database life'));
    this.archiving.forget(shardsOf(items));
    await pause(OTHER_DATABASE_PAUSE_MS);
  }

  /** Workers that own shards: the ready ones. */
  private candidates(): string[] {
    return this.registry
      .list('task-worker')
      .filter(({ state }) => state === 'ready')
      .map(({ instanceId }) => instanceId);
  }

  private async trim(): Promise<void> {
    const owned = this.owner.owned();
    const all = this.trims++ % LOOK_AT_ALL_EVERY === 0;
    for (const shard of owned.keys()) if (all || !this.known.has(shard)) this.untrimmed.add(shard);
    this.known = new Set(owned.keys());
    for (const shard of [...this.untrimmed]) {
      // What comes from here on is seen the next time; when this fails, so are the shards whose turn did not come.
      this.untrimmed.delete(shard);
      if (owned.has(shard)) await this.trimShard(shard);
    }
  }

  private async trimShard(shard: number): Promise<void> {
    let isTrimmed = false;
    try {
      const askedAt = performance.now();
      const backlog = await this.streams.trim(shard);
      const { length, pending, lag, pendingOf } = backlog;
      this.clock.read(backlog.redisNowMs, askedAt);
      this.ages.measured(shard, backlog);
      this.backlog.measured(shard, length);
      this.dispatching.notePending(shard, pendingOf.dispatch ?? 0);
      this.archiving.notePending(shard, pendingOf.archive ?? 0);
      isTrimmed = pending === 0 && lag === 0;
    } finally {
      if (!isTrimmed) this.untrimmed.add(shard);
    }
  }
}

const shardsOf = (items: readonly StreamItem[]) => new Set(items.map(({ shard }) => shard));
