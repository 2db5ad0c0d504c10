import { RedisConnections, RedisKeys, EventBus } from '@parley/redis';
import { RedisRegistry } from '@parley/registry';
import { serviceNames } from '@parley/contracts';
import { SHARD_COUNT, shardOf } from '@parley/sharding';

/** Prints who is registered: `nx run registry:ls`. Reads `PARLEY_REDIS_URL` and `PARLEY_REDIS_PREFIX`. */
async function main(): Promise<void> {
  const url = process.env['PARLEY_REDIS_URL'] ?? process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379';
  const connections = new RedisConnections(url);
  const prefix = process.env['PARLEY_REDIS_PREFIX'] ?? 'parley:';
  const keys = new RedisKeys(prefix, { shardCount: SHARD_COUNT, shardOf });
  const registry = new RedisRegistry(connections.main, keys, new EventBus(connections, keys), {
    leaseTtlMs: 6_000,
    refreshIntervalMs: 60_000,
  });
  const rows = (await Promise.all(serviceNames.map((service) => registry.refresh(service)))).flat();
  if (rows.length === 0) console.log('nobody is registered');
  for (const { service, instanceId, state, address, version, load, startedAt } of rows) {
    const upS = Math.round((Date.now() - startedAt) / 1_000);
    console.log(
      `${service.padEnd(16)} ${state.padEnd(9)} ${address.padEnd(22)} v${version}  load ${load}  up ${upS} s  ${instanceId}`,
    );
  }
  await registry.close();
  connections.close();
}

await main();
