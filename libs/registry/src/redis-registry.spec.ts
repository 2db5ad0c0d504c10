import { RedisKeys, type RedisConnection } from '@parley/redis';
import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { RedisRegistry } from './redis-registry.js';
import { idsOf, instance } from './registry.conformance.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] }));
afterEach(() => void vi.useRealTimers());

const LEASE_MS = 6_000;
/** That such a lease is over surprises nobody: no clock need have been set. */
const SHORT_MS = 900;

/** A registry, and a Redis that answers what the test says. */
function setUp() {
  /** When each lease ends, by the test's clock; set and told as time left, milliseconds. */
  const ends = new Map<string, number>();
  const left = new Proxy({} as Record<string, number>, {
    set: (_, id: string, ms: number) => Boolean(ends.set(id, performance.now() + ms)),
    deleteProperty: (_, id: string) => ends.delete(id),
  });
  const records: Record<string, string> = {};
  const failures = { isAway: false };
  let reads = 0;
  const main = Object.assign(new EventEmitter(), {
    listInstances: async (_key: string, forgetAfterMs: number, leaseTtlMs: number) => {
      reads++;
      expect([forgetAfterMs, leaseTtlMs]).toEqual([60_000, LEASE_MS]);
      if (failures.isAway) throw new Error('away');
      return [...ends].flatMap(([id, endsAt]) => [
        id,
        endsAt - performance.now(),
        records[id] ?? JSON.stringify(instance(id)),
      ]);
    },
  });
  const topics: string[] = [];
  let onHint: () => void = () => undefined;
  let onSubscribed: () => Promise<void> = () => Promise.resolve();
  const errors: unknown[] = [];
  const registry = new RedisRegistry(
    main as unknown as RedisConnection,
    new RedisKeys('p:', { shardCount: 1, shardOf: () => 0 }),
    {
      subscribeText: async (topic, hint, subscribed) => {
        topics.push(topic);
        onHint = () => void hint('a');
        onSubscribed = async () => void (await subscribed?.());
        await onSubscribed();
      },
    },
    { leaseTtlMs: LEASE_MS, refreshIntervalMs: 2_000, onError: (error) => errors.push(error) },
  );
  onTestFinished(() => registry.close());
  const refreshed = async () => idsOf(await registry.refresh('logic'));
  return {
    ...{ left, records, failures, main, topics, errors, registry, refreshed },
    ...{ reads: () => reads, hint: () => onHint(), resubscribed: () => onSubscribed() },
  };
}

describe('RedisRegistry', () => {
  it('lists whose lease has time left', async () => {
    const { left, refreshed } = setUp();
    Object.assign(left, { a: 1, b: 0, c: -1 });
    expect(await refreshed()).toEqual(['a']);
    left['a'] = 0;
    expect(await refreshed()).toEqual([]);
  });

  it('re-reads what it lists at each interval, with a hint at once, and not after it was closed', async () => {
    const { left, registry, reads, hint, main, topics } = setUp();
    await registry.watch('logic');
    expect([reads(), topics]).toEqual([1, ['registry:logic']]);
    left['a'] = LEASE_MS;
    await vi.advanceTimersByTimeAsync(2_000);
    expect([reads(), idsOf(registry.list('logic'))]).toEqual([2, ['a']]);
    hint();
    expect(reads()).toBe(3);
    await registry.close();
    expect([vi.getTimerCount(), main.listenerCount('close'), main.listenerCount('ready')]).toEqual([0, 0, 0]);
  });

  it('reports a re-read that nobody waits for and that fails, and keeps the list', async () => {
    const { left, failures, errors, registry, hint } = setUp();
    left['a'] = LEASE_MS;
    await registry.watch('logic');
    failures.isAway = true;
    await vi.advanceTimersByTimeAsync(2_000);
    hint();
    await vi.advanceTimersByTimeAsync(0);
    expect(errors.map(String)).toEqual(['Error: away', 'Error: away']);
    await expect(registry.refresh('logic')).rejects.toThrow('away');
    expect(idsOf(registry.list('logic'))).toEqual(['a']);
  });

  it('subscribes once, and tells a second watcher of the list as it is', async () => {
    const { left, registry, topics, reads } = setUp();
    left['a'] = LEASE_MS;
    await registry.watch('logic');
    const second = vi.fn();
    const stop = await registry.watch('logic', second);
    expect([topics, reads()]).toEqual([['registry:logic'], 1]);
    expect(second.mock.calls).toEqual([[[instance('a')]]]);
    stop();
    left['b'] = LEASE_MS;
    await registry.refresh('logic');
    expect(second).toHaveBeenCalledTimes(1);
  });
});

describe('after an outage', () => {
  it.each([
    [
      'a connection that was lost and is back',
      async ({ main }: ReturnType<typeof setUp>) => {
        main.emit('close');
        await vi.advanceTimersByTimeAsync(60_000);
        main.emit('ready');
      },
    ],
    [
      'a read that failed',
      async ({ registry, failures }: ReturnType<typeof setUp>) => {
        failures.isAway = true;
        await registry.refresh('logic').catch(() => undefined);
        failures.isAway = false;
      },
    ],
    ['a new subscription', ({ resubscribed }: ReturnType<typeof setUp>) => resubscribed()],
  ])('(%s) who was there is kept for one lease, and nobody else is', async (_, outage) => {
    const world = setUp();
    const { left, registry, refreshed } = world;
    left['a'] = SHORT_MS;
    await registry.watch('logic');
    await outage(world);
    // Its lease has ended, as everybody's, and so has a stranger's.
    Object.assign(left, { a: -1, stranger: -1 });
    expect(await refreshed()).toEqual(['a']);
    await vi.advanceTimersByTimeAsync(LEASE_MS - 1);
    expect(await refreshed()).toEqual(['a']);
    await vi.advanceTimersByTimeAsync(1);
    expect(await refreshed()).toEqual([]);
  });

  it('who was there is kept for the longest lease that anybody has: others may be set to another length', async () => {
    const { left, records, registry, main, refreshed } = setUp();
    records['patient'] = JSON.stringify({ ...instance('patient'), leaseTtlMs: 4 * LEASE_MS });
    records['hasty'] = JSON.stringify({ ...instance('hasty'), leaseTtlMs: SHORT_MS });
    Object.assign(left, { patient: SHORT_MS, hasty: SHORT_MS });
    await registry.watch('logic');
    expect(registry.list('logic')).toEqual([instance('hasty'), instance('patient')]);
    main.emit('close');
    main.emit('ready');
    await vi.advanceTimersByTimeAsync(4 * LEASE_MS - 1);
    expect(await refreshed()).toEqual(['hasty', 'patient']);
    await vi.advanceTimersByTimeAsync(1);
    expect(await refreshed()).toEqual([]);
  });

  it('nobody is dropped for as long as it lasts', async () => {
    const { left, registry, main, refreshed } = setUp();
    left['a'] = SHORT_MS;
    await registry.watch('logic');
    main.emit('close');
    await vi.advanceTimersByTimeAsync(10 * LEASE_MS);
    expect(await refreshed()).toEqual(['a']);
  });

  it('an emptied Redis drops nobody either, and newcomers come once', async () => {
    const { left, registry, main, refreshed } = setUp();
    Object.assign(left, { a: SHORT_MS, b: LEASE_MS });
    await registry.watch('logic');
    main.emit('close');
    main.emit('ready');
    delete left['a'];
    Object.assign(left, { b: 2 * LEASE_MS, c: 2 * LEASE_MS });
    expect(await refreshed()).toEqual(['a', 'b', 'c']);
    await vi.advanceTimersByTimeAsync(LEASE_MS);
    expect(await refreshed()).toEqual(['b', 'c']);
  });

  it('that was none, the first connecting, nothing is kept', async () => {
    const { left, registry, main, refreshed } = setUp();
    left['a'] = SHORT_MS;
    await registry.watch('logic');
    main.emit('ready');
    await vi.advanceTimersByTimeAsync(LEASE_MS - 1);
    expect(await refreshed()).toEqual([]);
  });
});

describe('a clock of Redis’s that was set forward', () => {
  it('keeps who was there for one lease', async () => {
    const { left, registry, refreshed } = setUp();
    left['a'] = LEASE_MS;
    await registry.watch('logic');
    await vi.advanceTimersByTimeAsync(100);
    // 6,000 less 100, less the second that is allowed for.
    left['a'] = 4_900;
    await refreshed();
    await vi.advanceTimersByTimeAsync(4_900);
    expect(await refreshed()).toEqual([]);
  });

  it('is noticed beyond a second', async () => {
    const { left, registry, refreshed } = setUp();
    left['a'] = LEASE_MS;
    await registry.watch('logic');
    await vi.advanceTimersByTimeAsync(100);
    left['a'] = 4_899;
    await refreshed();
    await vi.advanceTimersByTimeAsync(LEASE_MS - 1);
    expect(await refreshed()).toEqual(['a']);
    await vi.advanceTimersByTimeAsync(1);
    expect(await refreshed()).toEqual([]);
  });

  it('is not seen in somebody who was not there before, nor in who renewed', async () => {
    const { left, registry, refreshed } = setUp();
    left['a'] = 100;
    await registry.watch('logic');
    Object.assign(left, { a: LEASE_MS, new: 50 });
    await refreshed();
    left['a'] = LEASE_MS;
    await vi.advanceTimersByTimeAsync(51);
    expect(await refreshed()).toEqual(['a']);
  });
});
