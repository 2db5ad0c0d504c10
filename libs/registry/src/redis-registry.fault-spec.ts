import { EventBus, RedisConnections, RedisKeys } from '@parley/redis';
import { eventually, startRedis, uniquePrefix, type StartRedisOptions } from '@parley/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RedisRegistry } from './redis-registry.js';
import { idsOf, instance } from './registry.conformance.js';

const LEASE_MS = 1_000;

async function outage(options: StartRedisOptions = {}) {
  const server = await startRedis(options);
  const keys = new RedisKeys(uniquePrefix('registry'), { shardCount: 1, shardOf: () => 0 });
  const make = () => {
    const connections = new RedisConnections(server.url);
    const registry = new RedisRegistry(connections.main, keys, new EventBus(connections, keys), {
      leaseTtlMs: LEASE_MS,
      refreshIntervalMs: LEASE_MS / 10,
    });
    return { connections, registry };
  };
  const [mine, theirs] = [make(), make()];
  onTestFinished(async () => {
    for (const { connections, registry } of [mine, theirs]) {
      await registry.close();
      connections.close();
    }
    await server.stop();
  });
  const seen: string[] = [];
  await theirs.registry.watch('logic', (list) => seen.push(idsOf(list).join()));
  return { server, mine: mine.registry, theirs: theirs.registry, seen };
}

/** Resolves when a lease that was valid at the call has ended; by the clock, because nothing else tells. */
async function leaseEnds(): Promise<void> {
  const endsAt = Date.now() + LEASE_MS * 1.5;
  await eventually(() => expect(Date.now()).toBeGreaterThan(endsAt));
}

describe('RedisRegistry while Redis is away', () => {
  it('keeps the last known list, and for one lease after; then drops who did not come back', async () => {
    const { server, mine, theirs, seen } = await outage();
    await mine.register(instance('a'));
    await mine.register(instance('dead'));
    await eventually(() => expect(idsOf(theirs.list('logic'))).toEqual(['a', 'dead']));

    await server.kill();
    await leaseEnds();
    expect(idsOf(theirs.list('logic'))).toEqual(['a', 'dead']);

    await server.restart();
    await mine.register(instance('a'));
    const beats = setInterval(() => void mine.register(instance('a')).catch(() => undefined), LEASE_MS / 10);
    onTestFinished(() => clearInterval(beats));
    await eventually(() => expect(idsOf(theirs.list('logic'))).toEqual(['a']), { timeoutMs: 5_000 });
    // A re-read that waited through the outage used to see every lease ended and empty the list before anyone could
    // renew: callers met UNAVAILABLE although all instances lived.
    expect(seen.slice(seen.indexOf('a,dead'))).toEqual(['a,dead', 'a']);
  });

  it('hears of changes afterwards', async () => {
    const { server, mine, theirs } = await outage();
    await server.kill();
    await server.restart();
    await mine.register(instance('late'));
    await eventually(() => expect(idsOf(theirs.list('logic'))).toEqual(['late']), { timeoutMs: 5_000 });
    await mine.register(instance('late', { state: 'draining' }));
    await eventually(() => expect(theirs.list('logic')[0]?.state).toBe('draining'), {
      timeoutMs: LEASE_MS,
    });
  });

  it('keeps known instances for one lease when Redis comes back empty', async () => {
    const { server, mine, theirs, seen } = await outage({ appendOnly: false });
    await mine.register(instance('a'));
    await eventually(() => expect(idsOf(theirs.list('logic'))).toEqual(['a']));
    await server.kill();
    await leaseEnds();
    await server.restart();
    await mine.register(instance('a', { load: 1 }));
    await eventually(() => expect(theirs.list('logic')).toEqual([instance('a', { load: 1 })]));
    expect(seen).not.toContain('');
  });
});
