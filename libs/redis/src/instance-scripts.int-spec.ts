import { sharedRedis, uniquePrefix } from '@parley/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { connect, testKeys } from './store.fixture.js';
import { runScript } from './run-script.js';

afterAll(async () => (await sharedRedis()).stop());

const TTL_MS = 60_000;
const FORGET_MS = 30_000;

/** The registry of one service, and what its watchers are told. */
async function world({ most = 3 } = {}) {
  const connections = connect((await sharedRedis()).url);
  const { main } = connections;
  const keys = testKeys(uniquePrefix('instances'));
  const registry = keys.registry('logic');
  const channel = keys.events('registry:logic');
  const told: string[] = [];
  const subscriber = connections.createSubscriber('watcher');
  subscriber.on('message', (_channel: string, text: string) => told.push(text));
  await subscriber.subscribe(channel);
  const record = (over: object = {}) => JSON.stringify({ state: 'ready', load: 1, startedAt: 5, ...over });
  const nowMs = async () => {
    const [seconds, micros] = await main.time();
    return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
  };
  return {
    main,
    registry,
    record,
    beat: (id: string, text = record(), ttlMs = TTL_MS) =>
      runScript(main, 'heartbeatInstance', [registry], [id, text, ttlMs, channel, most, FORGET_MS]),
    remove: (id: string) => runScript(main, 'removeInstance', [registry], [id, channel]),
    list: async (ttlMs = TTL_MS) => {
      const flat = (await runScript(main, 'listInstances', [registry], [FORGET_MS, ttlMs])) as string[];
      const all = new Map<string, { leftMs: number; record: string }>();
      for (let i = 0; i < flat.length; i += 3)
        all.set(flat[i]!, { leftMs: Number(flat[i + 1]), record: flat[i + 2]! });
      return all;
    },
    /** Gives an instance a lease that ends so much after now. */
    endIn: async (id: string, ms: number) =>
      main.hset(registry, id, `${(await nowMs()) + ms}|${record({ of: id })}`),
    ids: async () => (await main.hkeys(registry)).sort(),
    /** What watchers were told so far. */
    told: async () => {
      await subscriber.ping();
      return told.splice(0);
    },
  };
}

describe('a heartbeat', () => {
  it('registers, and renews the lease with the newest record', async () => {
    const { beat, list, record } = await world();
    await beat('a', record({ load: 1 }), 20_000);
    const first = (await list()).get('a');
    expect(first?.record).toBe(record({ load: 1 }));
    expect(first?.leftMs).toBeGreaterThan(10_000);
    expect(first?.leftMs).toBeLessThanOrEqual(20_000);
    await beat('a', record({ load: 2 }));
    const second = (await list()).get('a');
    expect(second?.record).toBe(record({ load: 2 }));
    expect(second?.leftMs).toBeGreaterThan(50_000);
    expect(second?.leftMs).toBeLessThanOrEqual(TTL_MS);
  });

  it('tells of a newcomer and of a change, never of a load that moves', async () => {
    const { beat, record, told } = await world();
    expect(await beat('a')).toBe(1);
    expect(await told()).toEqual(['a']);
    expect(await beat('a')).toBe(0);
    for (const load of [0, 2, 17, 0.5, 1e-7, 1e21]) expect(await beat('a', record({ load }))).toBe(0);
    expect(await told()).toEqual([]);
    expect(await beat('a', record({ state: 'draining' }))).toBe(1);
    expect(await told()).toEqual(['a']);
    expect(await beat('a', record({ state: 'draining', startedAt: 6 }))).toBe(1);
    expect(await beat('b')).toBe(1);
    expect(await told()).toEqual(['a', 'b']);
  });

  it('has no room for a newcomer beyond the bound; those who are there go on', async () => {
    const { beat, ids, told } = await world({ most: 2 });
    await beat('a');
    await beat('b');
    await told();
    expect(await beat('c')).toBe(-1);
    expect(await ids()).toEqual(['a', 'b']);
    expect(await told()).toEqual([]);
    expect(await beat('b')).toBe(0);
  });

  it('makes room by those that have ended, when there is no other', async () => {
    const { beat, ids, endIn } = await world({ most: 2 });
    await endIn('a', -10);
    await endIn('b', 10_000);
    expect(await beat('c')).toBe(1);
    expect(await ids()).toEqual(['b', 'c']);
    expect(await beat('d')).toBe(-1);
    await endIn('b', -10);
    await endIn('c', -10);
    expect(await beat('d')).toBe(1);
    expect(await ids()).toEqual(['d']);
  });

  it('of a newcomer forgets those that ended long ago, and no others', async () => {
    const { beat, ids, endIn } = await world({ most: 9 });
    await endIn('long ago', -FORGET_MS - 10);
    await endIn('lately', -FORGET_MS + 10_000);
    await beat('a');
    expect(await ids()).toEqual(['a', 'lately']);
    // One that is known does not pay for it.
    await endIn('long ago', -FORGET_MS - 10);
    await beat('a');
    expect(await ids()).toEqual(['a', 'lately', 'long ago']);
  });
});

describe('the list', () => {
  it('has those whose lease has ended lately, and forgets those long gone', async () => {
    const { list, ids, endIn } = await world();
    await endIn('here', 10_000);
    await endIn('lately', -FORGET_MS + 10_000);
    await endIn('long ago', -FORGET_MS - 10);
    const all = await list();
    expect([...all.keys()].sort()).toEqual(['here', 'lately']);
    expect(all.get('here')?.leftMs).toBeGreaterThan(0);
    expect(all.get('lately')?.leftMs).toBeLessThan(-FORGET_MS + 10_001);
    expect(await ids()).toEqual(['here', 'lately']);
  });

  it('gives each record as it was written, whatever is in it', async () => {
    const { list, beat } = await world();
    await beat('a', '{"x":"1|2|3"}');
    await beat('b', '');
    const all = await list();
    expect([all.get('a')?.record, all.get('b')?.record]).toEqual(['{"x":"1|2|3"}', '']);
  });

  // Redis's clock was set back: an instance that was killed stayed for as much longer.
  it('cuts a lease that has more left than its life, for good, and no other', async () => {
    const { list, beat, main, registry, record } = await world();
    const says = record({ leaseTtlMs: 60_000 });
    await beat('long', says, 60_000);
    // Another setting in another process: a long lease lost all but its own length at each look of a short one.
    expect((await list(1_000)).get('long')?.leftMs).toBeGreaterThan(50_000);
    await beat('half over', says, 30_000);
    expect((await list(1_000)).get('half over')?.leftMs).toBeLessThanOrEqual(30_000);
    await beat('clock set back', says, 90_000);
    const cut = (await list(1_000)).get('clock set back');
    expect(cut).toEqual({ leftMs: 60_000, record: says });
    expect((await list(3_600_000)).get('clock set back')?.leftMs).toBeLessThanOrEqual(60_000);
    expect(await main.hget(registry, 'clock set back')).toMatch(/^\d+\|\{"state"/);
  });

  it('cuts a lease of an older version, which does not say its life, when it is far longer than that of who looks', async () => {
    const { list, endIn, main, registry, record } = await world();
    await endIn('other setting', 30_000);
    await endIn('clock set back', 3_600_000);
    const all = await list(10_000);
    expect(all.get('other setting')?.leftMs).toBeGreaterThan(20_000);
    expect(all.get('clock set back')?.leftMs).toBe(10_000);
    // Nor is it longer for who has another setting.
    expect((await list(3_600_000)).get('clock set back')?.leftMs).toBeLessThanOrEqual(10_000);
    const [, text] = /^\d+\|(.*)$/.exec((await main.hget(registry, 'clock set back')) ?? '') ?? [];
    expect(text).toBe(record({ of: 'clock set back' }));
  });
});

describe('the removal of an instance', () => {
  it('is told once, and of one that was there', async () => {
    const { beat, remove, ids, told } = await world();
    await beat('a');
    await beat('b');
    await told();
    expect(await remove('a')).toBe(1);
    expect(await remove('a')).toBe(0);
    expect(await ids()).toEqual(['b']);
    expect(await told()).toEqual(['a']);
  });
});
