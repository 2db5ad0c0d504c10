import type { RedisConnection } from './connections.js';
import type { RedisKeys } from './keys.js';

/**
 * Makes sure that all processes use one shard count: the first writes it, the others compare.
 *
 * @throws {Error} When this process disagrees. It must not start: it would look for rooms on the wrong shards.
 */
export async function agreeOnShardCount(redis: RedisConnection, keys: RedisKeys): Promise<void> {
  await redis.setnx(keys.shardCountKey(), keys.shardCount);
  const agreed = Number(await redis.get(keys.shardCountKey()));
  if (agreed !== keys.shardCount) {
    throw new Error(
      `Redis was set up with ${agreed} shards, this process is configured for ${keys.shardCount}: set redis.shardCount to ${agreed}`,
    );
  }
}
