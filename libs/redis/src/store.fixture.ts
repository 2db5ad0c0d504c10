import { shardOf } from '@parley/sharding';
import { onTestFinished } from 'vitest';
import { RedisConnections } from './connections.js';
import { RedisKeys } from './keys.js';

/** Keys as the apps have them. */
export function testKeys(prefix: string, shardCount = 32): RedisKeys {
  return new RedisKeys(prefix, { shardCount, shardOf: (roomId) => shardOf(roomId, shardCount) });
}

/** A process's connections, closed when the test ends. */
export function connect(url: string): RedisConnections {
  const connections = new RedisConnections(url);
  onTestFinished(() => connections.close());
  return connections;
}
