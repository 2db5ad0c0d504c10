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

  // A load in the record made every heartbeat of every instance an event for everybody.
  it('tells nobody of a load that moves, and lists it at the next re-read', async () => {
    const prefix = uniquePrefix('registry');
    const { connections, keys, registry, close } = process((await sharedRedis()).url, prefix, [], {
      leaseTtlMs: 60_000,
    });
    onTestFinished(close);
    const events: string[] = [];
    const listener = connections.createSubscriber('listener');
    listener.on('message', (_channel: string, id: string) => events.push(id));
    await listener.subscribe(keys.events('registry:logic'));
    let calls = 0;
    await registry.watch('logic', () => calls++);
    for (const load of [0, 7, 12.5, 1e21]) await registry.register(instance('a', { load }));
    await eventually(() => expect(registry.list('logic')).toEqual([instance('a', { load: 1e21 })]));
    await registry.register(instance('a', { load: 3, state: 'draining' }));
    await eventually(() => expect(events).toEqual(['a', 'a']));
    await eventually(() => expect(registry.list('logic')[0]?.state).toBe('draining'));
    expect(calls).toBe(2);
  });

  // Redis's clock set back an hour kept the dead for an hour; set forward, it emptied every list until all had renewed.
  it('drops the dead in time although Redis’s clock was set back', async () => {
    const { connections, keys, registry, close } = process(
      (await sharedRedis()).url,
      uniquePrefix('registry'),
    );
    onTestFinished(close);
    const inAnHour = Date.now() + 3_600_000;
    await connections.main.hset(
      keys.registry('logic'),
      'dead',
      `${inAnHour}|${JSON.stringify(instance('dead'))}`,
    );
    expect(idsOf(await registry.refresh('logic'))).toEqual(['dead']);
    await eventually(async () => expect(await registry.refresh('logic')).toEqual([]), { timeoutMs: 5_000 });
  });

  it('keeps who was there for one lease when Redis’s clock was set forward, and no longer', async () => {
    const { connections, keys, registry, close } = process(
      (await sharedRedis()).url,
      uniquePrefix('registry'),
      [],
      { leaseTtlMs: 2_000 },
    );
    onTestFinished(close);
    const hash = keys.registry('logic');
    for (const id of ['a', 'dead']) await registry.register(instance(id));
    expect(idsOf(await registry.refresh('logic'))).toEqual(['a', 'dead']);
    for (const [id, text] of Object.entries(await connections.main.hgetall(hash)))
      await connections.main.hset(
        hash,
        id,
        `${Number(text.split('|')[0]) - 30_000}${text.slice(text.indexOf('|'))}`,
      );
    expect(idsOf(await registry.refresh('logic'))).toEqual(['a', 'dead']);
    await registry.register(instance('a'));
    const beats = setInterval(() => void registry.register(instance('a')).catch(() => undefined), 200);
    onTestFinished(() => clearInterval(beats));
    await eventually(async () => expect(idsOf(await registry.refresh('logic'))).toEqual(['a']), {
      timeoutMs: 6_000,
    });
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
