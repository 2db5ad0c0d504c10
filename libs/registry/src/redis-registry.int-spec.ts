import { EventBus, RedisConnections, RedisKeys } from '@parley/redis';
import { eventually, sharedRedis, uniquePrefix } from '@parley/testing';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { RedisRegistry } from './redis-registry.js';
import {
  CONFORMANCE_LEASE_MS,
  describeRegistry,
  idsOf,
  instance,
  type ConformanceOptions,
} from './registry.conformance.js';

afterAll(async () => (await sharedRedis()).stop());

function process(
  url: string,
  prefix: string,
  errors: unknown[] = [],
  options: ConformanceOptions & { readonly refreshIntervalMs?: number } = {},
) {
  const connections = new RedisConnections(url);
  const keys = new RedisKeys(prefix, { shardCount: 1, shardOf: () => 0 });
  const registry = new RedisRegistry(connections.main, keys, new EventBus(connections, keys), {
    leaseTtlMs: CONFORMANCE_LEASE_MS,
    refreshIntervalMs: CONFORMANCE_LEASE_MS / 4,
    ...options,
    onError: (error) => errors.push(error),
  });
  const close = async () => {
    await registry.close();
    connections.close();
  };
  return { connections, keys, registry, close };
}

describeRegistry('RedisRegistry', async (options) => {
  const { url } = await sharedRedis();
  const prefix = uniquePrefix('registry');
  const [mine, theirs] = [process(url, prefix, [], options), process(url, prefix, [], options)];
  return {
    mine: mine.registry,
    theirs: theirs.registry,
    close: async () => {
      await mine.close();
      await theirs.close();
    },
  };
});

describe('RedisRegistry', () => {
  it('skips and reports a record that it cannot read, and lists the others', async () => {
    const errors: unknown[] = [];
    const { connections, keys, registry, close } = process(
      (await sharedRedis()).url,
      uniquePrefix('registry'),
      errors,
    );
    onTestFinished(close);
    await registry.register(instance('a'));
    const farAhead = Date.now() + 60_000;
    await connections.main.hset(keys.registry('logic'), 'newer', `${farAhead}|{"instanceId":1}`);
    await connections.main.hset(keys.registry('logic'), 'torn', `${farAhead}|{"instanceId`);
    expect(idsOf(await registry.refresh('logic'))).toEqual(['a']);
    expect(errors).toHaveLength(2);
  });

  it('tells watchers nothing about a heartbeat that changes nothing', async () => {
    const { registry, close } = process((await sharedRedis()).url, uniquePrefix('registry'));
    onTestFinished(close);
    const seen: string[] = [];
    await registry.watch('logic', (list) => seen.push(idsOf(list).join()));
    await registry.register(instance('a'));
    await registry.register(instance('a'));
    await registry.register(instance('b'));
    await eventually(() => expect(seen.at(-1)).toBe('a,b'));
    expect(seen).toEqual(['a', 'a,b']);
  });

  it('is told of changes after a refresh came before the watch, not only by the periodic re-read', async () => {
    const prefix = uniquePrefix('registry');
    const { registry, close } = process((await sharedRedis()).url, prefix, [], {
      refreshIntervalMs: 60_000,
    });
    onTestFinished(close);
    // The refresh used to pass for a watch, and nothing was subscribed.
    await registry.refresh('logic');
    await registry.watch('logic');
    await registry.register(instance('a'));
    await eventually(() => expect(idsOf(registry.list('logic'))).toEqual(['a']), { timeoutMs: 2_000 });
  });

  // Nobody watches gateway-api, so nobody forgot its killed instances: after 14 kills its hash held 15 records.
  it('does not remember the killed of a service that nobody lists, kill after kill', async () => {
    const { connections, keys, registry, close } = process(
      (await sharedRedis()).url,
      uniquePrefix('registry'),
    );
    onTestFinished(close);
    const hash = keys.registry('gateway-api');
    const beat = (id: string) => registry.register(instance(id, { service: 'gateway-api' }));
    /** Moves an end of a lease into the past: the script goes by Redis's clock. */
    const dead = (id: string, endedMsAgo: number) =>
      connections.main.hset(hash, id, `${Date.now() - endedMsAgo}|{}`);
    await beat('alive');
    for (let kill = 1; kill <= 20; kill++) {
      await beat(`killed-${kill}`);
      await dead(`killed-${kill}`, 61_000);
    }
    await connections.main.hset(hash, 'torn', 'no lease');
    await dead('just-now', 50_000);
    await beat('last');
    expect((await connections.main.hkeys(hash)).sort()).toEqual(['alive', 'just-now', 'last']);
  });

  it('never holds more records than the bound, however fast instances are killed', async () => {
    const { connections, keys, registry, close } = process(
      (await sharedRedis()).url,
      uniquePrefix('registry'),
      [],
      { maxInstances: 3 },
    );
    onTestFinished(close);
    const hash = keys.registry('logic');
    for (let kill = 1; kill <= 10; kill++) {
      await registry.register(instance(`killed-${kill}`));
      await connections.main.hset(hash, `killed-${kill}`, `${Date.now() - 1}|{}`);
      expect(await connections.main.hlen(hash)).toBeLessThanOrEqual(3);
    }
  });
});
