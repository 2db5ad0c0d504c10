import type { RedisConnection } from './connections.js';
import type { RedisKeys } from './keys.js';
import { runScript } from './run-script.js';

/** Ownership of shards, with fencing numbers. */
export class LeaseStore {
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: RedisKeys,
  ) {}

  /**
   * Takes or renews a shard; the fence is 0 when another instance holds it.
   *
   * @param above - A fence that somebody has seen: one's own is renewed only if it is higher, else there is a new one.
   */
  async acquire(shard: number, instanceId: string, ttlMs: number, above = 0): Promise<number> {
    const keys = [this.keys.owner(shard), this.keys.fence(shard)];
    return (await runScript(this.redis, 'acquireLease', keys, [instanceId, ttlMs, above])) as number;
  }

  /** Gives a shard back; does nothing when it is another's. */
  async release(shard: number, instanceId: string): Promise<void> {
    await runScript(this.redis, 'releaseLease', [this.keys.owner(shard)], [instanceId]);
  }
}
