import type { MetricsRegistry } from '@parley/observability';
import { consumerGroups, type StreamItem } from '@parley/queue';
import type { QueueAges } from './queue-ages.js';
import type { RedisClock } from './redis-clock.js';

/** What a worker shows of itself. */
export interface WorkerFigures {
  readonly ages: QueueAges;
  readonly clock: RedisClock;
  /** Entries not yet trimmed from the streams owned here. */
  readonly streamEntries: () => number;
  /** Entries that one stream may hold. */
  readonly maxPendingEntries: number;
  readonly shardsOwned: () => number;
  readonly shardCount: number;
  /** Messages that some gateway still has to confirm. */
  readonly laneEntries: () => number;
}

/** Observes entries as they are done with. */
export interface WorkerMetrics {
  /** Every gateway that needs them has confirmed these. */
  dispatched(items: readonly Pick<StreamItem, 'streamId'>[]): void;
  /** SQL has these. */
  archived(items: readonly Pick<StreamItem, 'streamId'>[]): void;
}

/** Makes the metrics of a worker. */
export function workerMetrics(registry: MetricsRegistry, figures: WorkerFigures): WorkerMetrics {
  const { ages, clock } = figures;
  const gauge = (name: string, help: string, value: () => number) =>
    registry.gauge({
      name,
      help,
      collect() {
        this.set(value());
      },
    });
  const byGroup = (name: string, help: string, value: (group: (typeof consumerGroups)[number]) => number) =>
    registry.gauge({
      name,
      help,
      labelNames: ['group'],
      collect() {
        for (const group of consumerGroups) this.set({ group }, value(group));
      },
    });
  gauge(
    'parley_stream_entries',
    'Entries in the dispatch streams of the shards owned here that are not trimmed yet',
    figures.streamEntries,
  );
  gauge(
    'parley_stream_entries_limit',
    'Entries of one dispatch stream at which sends are refused',
    () => figures.maxPendingEntries,
  );
  gauge('parley_shards_owned', 'Shards whose streams are read here', figures.shardsOwned);
  gauge('parley_shards', 'Shards that there are', () => figures.shardCount);
  gauge('parley_lane_entries', 'Messages that some gateway has still to confirm', figures.laneEntries);
  byGroup(
    'parley_queue_oldest_seconds',
    'Age of the oldest message that has not been dispatched, or archived, on the shards owned here; by the clock of Redis',
    (group) => ages.oldestSeconds(group),
  );
  byGroup(
    'parley_queue_pending_entries',
    'Messages that have been read and not yet been dispatched, or archived, on the shards owned here',
    (group) => ages.pending(group),
  );
  const stage = (name: string, help: string) => {
    const seconds = registry.durations({ name, help }).of();
    return (items: readonly Pick<StreamItem, 'streamId'>[]) => {
      for (const { streamId } of items) {
        const age = clock.ageOf(streamId);
        if (age !== undefined) seconds.observe(age);
      }
    };
  };
  return {
    dispatched: stage(
      'parley_dispatch_seconds',
      'Messages from when Redis accepted them until every gateway that needs them had confirmed; what was hinted is confirmed up to a tenth of a second later than it was delivered',
    ),
    archived: stage('parley_archive_seconds', 'Messages from when Redis accepted them until SQL had them'),
  };
}
