import { rendezvous } from '@parley/sharding';
import type { LeaseStore } from '@parley/redis';

export interface ShardOwnerOptions {
  readonly instanceId: string;
  readonly shardCount: number;
  /** Life of a shard lease, milliseconds. */
  readonly leaseTtlMs: number;
  /** Live instances that can own shards, from the registry. */
  readonly candidates: () => readonly string[];
  readonly onError: (error: unknown) => void;
  /** Monotonic clock, milliseconds. */
  readonly now?: () => number;
}

/** Something that reads the entries of owned shards. */
export interface ShardReader {
  /**
   * Resolves when nothing that this reader has asked of Redis can hand it entries of the shard any more. Called when
   * {@link ShardOwner.owned} no longer names the shard, so that it is not asked for again.
   */
  leave(shard: number): Promise<void>;
}

interface Held {
  readonly fence: number;
  /** By this process's clock, counted from before the renewal was asked for: never later than Redis's. */
  validUntil: number;
}

/** How often a wanted shard that another still holds is asked for, milliseconds. */
const RETRY_INTERVAL_MS = 200;

/**
 * Owns a share of the shards by lease. Who should own which follows from rendezvous hashing over the live candidates;
 * the leases make sure that at most one does, and the fence tells a stale owner from the present one.
 *
 * A shard is given back only when every reader has left it: what a blocked read is still served belongs to the consumer
 * group's one consumer, and a successor that has looked for it already would never see it.
 */
export class ShardOwner {
  private readonly held = new Map<number, Held>();
  private readonly readers = new Set<ShardReader>();
  /** Shards on their way back. */
  private readonly leaving = new Map<number, Promise<void>>();
  /** Fences that are not enough any more, by shard. */
  private readonly outdone = new Map<number, number>();
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  /** A look at everything is to come that has not begun. */
  private isDue = false;
  private stopped = true;
  private lastRenewal = -Infinity;

  constructor(
    private readonly leases: Pick<LeaseStore, 'acquire' | 'release'>,
    private readonly options: ShardOwnerOptions,
  ) {}

  start(): void {
    this.stopped = false;
    this.timer = setInterval(() => this.poke(), RETRY_INTERVAL_MS);
    this.poke();
  }

  /** Whoever reads owned shards, and has to leave one before it is given back. */
  addReader(reader: ShardReader): void {
    this.readers.add(reader);
  }

  /**
   * Shards held now, with their fences. A lease that may have ended is not among them.
   *
   * @param forMs - Only those held for so much longer, milliseconds.
   */
  owned(forMs = 0): ReadonlyMap<number, number> {
    const now = this.now() + forMs;
    const owned = new Map<number, number>();
    for (const [shard, { fence, validUntil }] of this.held) if (validUntil > now) owned.set(shard, fence);
    return owned;
  }

  /** The registry changed: see at once whether this process should own other shards. */
  poke(): void {
    // While Redis does not answer one waits; not one more with each interval.
    if (this.isDue) return;
    this.isDue = true;
    this.running = this.running
      .then(() => {
        this.isDue = false;
        return this.balance();
      })
      .catch((error: unknown) => this.options.onError(error));
  }

  /**
   * Forgets a shard that turned out to be another's, or whose fence is too low. It is held again only under a new fence,
   * so that its readers begin anew.
   *
   * @param seenFence - The fence that somebody has seen; unknown when it is a gateway of 0.1.
   */
  lose(shard: number, seenFence = 0): void {
    const fence = this.held.get(shard)?.fence ?? 0;
    this.outdone.set(shard, Math.max(fence, seenFence, this.outdone.get(shard) ?? 0));
    this.held.delete(shard);
  }

  /** Gives all shards back, when their readers have left them. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.running;
    for (const shard of [...this.held.keys()]) this.giveBack(shard);
    await Promise.all(this.leaving.values());
  }

  private async balance(): Promise<void> {
    if (this.stopped) return;
    const { instanceId, leaseTtlMs, shardCount } = this.options;
    const candidates = this.options.candidates();
    const renew = this.now() - this.lastRenewal > leaseTtlMs / 3;
    if (renew) this.lastRenewal = this.now();
    const jobs: Promise<void>[] = [];
    for (let shard = 0; shard < shardCount; shard++) {
      if (this.leaving.has(shard)) continue;
      const wanted = rendezvous(`shard:${shard}`, candidates) === instanceId;
      const held = this.held.get(shard);
      if (wanted && (!held || renew)) jobs.push(this.acquire(shard));
      // Not waited for: the leases of the others are to be renewed meanwhile.
      else if (!wanted && held) this.giveBack(shard);
    }
    // All of them: what is still to be answered would be held after the shards were given back.
    const failed = (await Promise.allSettled(jobs)).find(({ status }) => status === 'rejected');
    if (failed) throw (failed as PromiseRejectedResult).reason;
  }

  private giveBack(shard: number): void {
    this.held.delete(shard);
    const left = Promise.all([...this.readers].map((reader) => reader.leave(shard)))
      .then(() => this.leases.release(shard, this.options.instanceId))
      .catch((error: unknown) => this.options.onError(error))
      .finally(() => this.leaving.delete(shard));
    this.leaving.set(shard, left);
  }

  private async acquire(shard: number): Promise<void> {
    const { instanceId, leaseTtlMs } = this.options;
    const askedAt = this.now();
    const fence = await this.leases.acquire(shard, instanceId, leaseTtlMs, this.outdone.get(shard));
    // It may have been lost while the answer was on its way.
    if (fence <= (this.outdone.get(shard) ?? 0)) this.held.delete(shard);
    else this.held.set(shard, { fence, validUntil: askedAt + leaseTtlMs });
  }

  private now(): number {
    return (this.options.now ?? (() => performance.now()))();
  }
}
