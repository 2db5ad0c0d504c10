import { EventBus, RedisConnections, RedisKeys } from '@parley/redis';
import { RedisRegistry } from '@parley/registry';
import { SHARD_COUNT, shardOf } from '@parley/sharding';
import { ParleyContestant } from '../contestants/parley.js';
import { publishing } from './publishing.js';
import type { Bench, Figures } from './scenario.js';

const LEASE_TTL_MS = 6_000;
const RENEW_EVERY_MS = 2_000;

/** Gateways that are registered and hold nobody: does a message cost more because they are there? */
export async function gateways(bench: Bench, count: number): Promise<Figures> {
  const { contestant } = bench;
  if (!(contestant instanceof ParleyContestant)) throw new Error('only Parley has gateways');
  const { redis, redisPrefix } = contestant.stack;
  const connections = new RedisConnections(redis.url);
  const keys = new RedisKeys(redisPrefix, { shardCount: SHARD_COUNT, shardOf });
  const registry = new RedisRegistry(connections.main, keys, new EventBus(connections, keys), {
    leaseTtlMs: LEASE_TTL_MS,
    refreshIntervalMs: 60_000,
  });
  const instances = Array.from({ length: count - contestant.target.sockets.length }, (_, i) => ({
    instanceId: `connect-gateway-bench-${i}`,
    service: 'connect-gateway',
    state: 'ready' as const,
    address: '127.0.0.1:9',
    version: '0',
    load: 0,
    startedAt: Date.now(),
  }));
  const renew = () => Promise.all(instances.map((instance) => registry.register(instance)));
  await renew();
  const timer = setInterval(() => void renew(), RENEW_EVERY_MS);
  try {
    return await publishing(bench, { rooms: 10, members: 10, via: 'http', publishers: 20, rate: 200 });
  } finally {
    clearInterval(timer);
    await Promise.all(instances.map(({ service, instanceId }) => registry.deregister(service, instanceId)));
    await registry.close();
    connections.close();
  }
}
