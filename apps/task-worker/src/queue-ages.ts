import type { ConsumerGroup, StreamBacklog } from '@parley/queue';

interface Measured {
  readonly backlog: Pick<StreamBacklog, 'pendingOf' | 'oldestMsOf'>;
  readonly at: number;
}

/** How far behind the groups are on the shards owned here, as their streams were measured last. */
export class QueueAges {
  private readonly shards = new Map<number, Measured>();

  constructor(
    /** Shards that are read here. */
    private readonly owned: () => Iterable<number>,
    /** Milliseconds, monotonic. */
    private readonly now: () => number = () => performance.now(),
  ) {}

  measured(shard: number, backlog: Measured['backlog']): void {
    this.shards.set(shard, { backlog, at: this.now() });
  }

  /** Seconds that the oldest entry has waited which a group has not acknowledged; 0 when there is none. */
  oldestSeconds(group: ConsumerGroup): number {
    let oldestMs = 0;
    for (const { backlog, at } of this.current()) {
      const ageMs = backlog.oldestMsOf[group] ?? 0;
      // It grows older while Redis does not answer.
      if (ageMs > 0) oldestMs = Math.max(oldestMs, ageMs + this.now() - at);
    }
    return oldestMs / 1_000;
  }

  /** Entries that a group has read and not acknowledged. */
  pending(group: ConsumerGroup): number {
    let pending = 0;
    for (const { backlog } of this.current()) pending += backlog.pendingOf[group] ?? 0;
    return pending;
  }

  private *current(): Iterable<Measured> {
    for (const shard of this.owned()) {
      const measured = this.shards.get(shard);
      if (measured) yield measured;
    }
  }
}
