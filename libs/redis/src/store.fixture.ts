import { shardOf } from '@parley/sharding';
import { onTestFinished } from 'vitest';
import { RedisConnections } from './connections.js';
import { RedisKeys } from './keys.js';
import { LineStore } from './line-store.js';

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

/** Limits as the apps have them. */
export const testLimits = {
  dedupWindowMs: 600_000,
  recentPastMs: 300_000,
  recentFutureMs: 120_000,
  maxPendingEntries: 100_000,
};

/** Declares every shard proven on the server that answers, as a fresh system does. */
export async function proveAll(connections: RedisConnections, keys: RedisKeys): Promise<LineStore> {
  const line = new LineStore(connections.main, keys, testLimits.recentFutureMs);
  for (const survey of await line.survey()) await line.prove(survey, survey.generation);
  return line;
}
