import { rendezvous } from '@parley/sharding';
import type { LeaseStore } from '@parley/redis';

export interface ShardOwnerOptions {
  readonly instanceId: string;
  readonly shardCount: number;
  /** Life of a shard lease, milliseconds. */
  readonly leaseTtlMs: number;
  /** Live instances that can own shards, from the registry. */
  readonly candidates: () => readonly string[];
  readonly onError?: (error: unknown) => void;
  /** Monotonic clock, milliseconds. */
  readonly now?: () => number;
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
 */
export class ShardOwner {
  private readonly held = new Map<number, Held>();
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private stopped = true;
  private lastRenewal = -Infinity;

  constructor(
    private readonly leases: LeaseStore,
    private readonly options: ShardOwnerOptions,
  ) {}

  start(): void {
    this.stopped = false;
    this.timer = setInterval(() => this.poke(), RETRY_INTERVAL_MS);
    this.poke();
  }

  /** Shards held now, with their fences. A lease that may have ended is not among them. */
  owned(): ReadonlyMap<number, number> {
    const now = this.now();
    const owned = new Map<number, number>();
    for (const [shard, { fence, validUntil }] of this.held) if (validUntil > now) owned.set(shard, fence);
    return owned;
  }

  /** The registry changed: see at once whether this process should own other shards. */
  poke(): void {
    this.running = this.running
      .then(() => this.balance())
      .catch((error: unknown) => this.options.onError?.(error));
  }

  /** Forgets a shard that turned out to be another's. */
  lose(shard: number): void {
    this.held.delete(shard);
  }

  /** Gives all shards back. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.running;
    const shards = [...this.held.keys()];
    this.held.clear();
    await Promise.all(shards.map((shard) => this.leases.release(shard, this.options.instanceId))).catch(
      (error: unknown) => this.options.onError?.(error),
    );
  }

  private async balance(): Promise<void> {
    if (this.stopped) return;
    const { instanceId, leaseTtlMs, shardCount } = this.options;
    const candidates = this.options.candidates();
    const renew = this.now() - this.lastRenewal > leaseTtlMs / 3;
    if (renew) this.lastRenewal = this.now();
    const jobs: Promise<void>[] = [];
    for (let shard = 0; shard < shardCount; shard++) {
      const wanted = rendezvous(`shard:${shard}`, candidates) === instanceId;
      const held = this.held.get(shard);
      if (wanted && (!held || renew)) jobs.push(this.acquire(shard));
      else if (!wanted && held) {
        this.held.delete(shard);
        jobs.push(this.leases.release(shard, instanceId));
      }
    }
    await Promise.all(jobs);
  }

  private async acquire(shard: number): Promise<void> {
    const askedAt = this.now();
    const fence = await this.leases.acquire(shard, this.options.instanceId, this.options.leaseTtlMs);
    if (fence === 0) this.held.delete(shard);
    else this.held.set(shard, { fence, validUntil: askedAt + this.options.leaseTtlMs });
  }

  private now(): number {
    return (this.options.now ?? (() => performance.now()))();
  }
}
