import { eventually, sharedRedis, uniquePrefix } from '@parley/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { LeaseStore } from './lease-store.js';
import { agreeOnShardCount } from './shard-agreement.js';
import { connect, testKeys } from './store.fixture.js';

afterAll(async () => (await sharedRedis()).stop());

describe('LeaseStore', () => {
  it('gives a shard to one; renewing keeps the fence, each new owner gets a higher one', async () => {
    const leases = new LeaseStore(connect((await sharedRedis()).url).main, testKeys(uniquePrefix()));
    const [a, b] = (await Promise.all(['a', 'b'].map((id) => leases.acquire(1, id, 60_000)))) as [
      number,
      number,
    ];
    expect(Math.min(a, b)).toBe(0);
    const fence = Math.max(a, b);
    expect(fence).toBeGreaterThan(0);
    const [owner, other] = a === fence ? ['a', 'b'] : ['b', 'a'];
    expect(await leases.acquire(1, owner, 60_000)).toBe(fence);
    await leases.release(1, other);
    expect(await leases.acquire(1, other, 60_000)).toBe(0);
    await leases.release(1, owner);
    expect(await leases.acquire(1, other, 60_000)).toBeGreaterThan(fence);
    expect(await leases.acquire(2, owner, 60_000)).toBeGreaterThan(0);
  });

  it('lets a renewed lease outlive its first term, and end by its own', async () => {
    const { main } = connect((await sharedRedis()).url);
    const keys = testKeys(uniquePrefix());
    const leases = new LeaseStore(main, keys);
    const fence = await leases.acquire(1, 'a', 30_000);
    expect(await main.pttl(keys.owner(1))).toBeLessThanOrEqual(30_000);
    expect(await leases.acquire(1, 'a', 90_000)).toBe(fence);
    expect(await main.pttl(keys.owner(1))).toBeGreaterThan(60_000);
    // A new fence is a new term, too.
    expect(await leases.acquire(1, 'a', 30_000, fence)).toBeGreaterThan(fence);
    const ttl = await main.pttl(keys.owner(1));
    expect(ttl).toBeGreaterThan(0);
    expect(ttl).toBeLessThanOrEqual(30_000);
  });

  it('never gives a fence below the clock in microseconds, nor one twice while it knows the last', async () => {
    const { main } = connect((await sharedRedis()).url);
    const keys = testKeys(uniquePrefix());
    const leases = new LeaseStore(main, keys);
    const [seconds, micros] = await main.time();
    const first = await leases.acquire(1, 'a', 60_000);
    expect(first).toBeGreaterThanOrEqual(Number(seconds) * 1_000_000 + Number(micros));
    // The clock is behind the last owner's fence: the counter decides.
    const ahead = first + 3_600_000_000;
    expect(await leases.acquire(1, 'a', 60_000, ahead)).toBe(ahead + 1);
    await leases.release(1, 'a');
    expect(await leases.acquire(1, 'b', 60_000)).toBe(ahead + 2);
  });

  it('tells owners apart whose names begin alike', async () => {
    const leases = new LeaseStore(connect((await sharedRedis()).url).main, testKeys(uniquePrefix()));
    await leases.acquire(1, 'logic-12', 60_000);
    expect(await leases.acquire(1, 'logic-1', 60_000)).toBe(0);
    await leases.release(1, 'logic-1');
    expect(await leases.acquire(1, 'logic-1', 60_000)).toBe(0);
  });

  it('lets another take it when the lease has ended', async () => {
    const leases = new LeaseStore(connect((await sharedRedis()).url).main, testKeys(uniquePrefix()));
    const fence = await leases.acquire(1, 'dead', 100);
    await eventually(async () => expect(await leases.acquire(1, 'next', 60_000)).toBeGreaterThan(fence), {
      timeoutMs: 3_000,
    });
    expect(await leases.acquire(1, 'dead', 100)).toBe(0);
  });

  // Leases end by Redis's wall clock: set back an hour, it let a dead owner keep its shard for an hour.
  it('cuts a lease that has more left than its life, whatever that is, and no other', async () => {
    const { main } = connect((await sharedRedis()).url);
    const keys = testKeys(uniquePrefix());
    const leases = new LeaseStore(main, keys);
    const left = () => main.pttl(keys.owner(1));
    const fence = await leases.acquire(1, 'owner', 60_000);
    // Another setting in another process: a long lease lost all but a second at each look of the short one.
    expect(await leases.acquire(1, 'next', 1_000)).toBe(0);
    expect(await left()).toBeGreaterThan(50_000);
    // Nor may a look prolong it.
    await main.pexpire(keys.owner(1), 30_000);
    expect(await leases.acquire(1, 'next', 1_000)).toBe(0);
    expect(await left()).toBeLessThanOrEqual(30_000);
    await main.pexpire(keys.owner(1), 90_000);
    expect(await leases.acquire(1, 'next', 1_000)).toBe(0);
    expect(await left()).toBeLessThanOrEqual(60_000);
    expect(await left()).toBeGreaterThan(50_000);
    // Renewed with another life, it has that.
    expect(await leases.acquire(1, 'owner', 500)).toBe(fence);
    await main.pexpire(keys.owner(1), 3_600_000);
    expect(await leases.acquire(1, 'next', 60_000)).toBe(0);
    await eventually(async () => expect(await leases.acquire(1, 'next', 60_000)).toBeGreaterThan(fence));
  });

  it('cuts a lease of an older version, which does not say its life, to that of who asks when it is far longer', async () => {
    const { main } = connect((await sharedRedis()).url);
    const keys = testKeys(uniquePrefix());
    const leases = new LeaseStore(main, keys);
    await main.set(keys.owner(1), 'owner|77', 'PX', 4_000);
    expect(await leases.acquire(1, 'next', 1_000)).toBe(0);
    expect(await main.pttl(keys.owner(1))).toBeGreaterThan(3_000);
    await main.pexpire(keys.owner(1), 3_600_000);
    expect(await leases.acquire(1, 'next', 60_000)).toBe(0);
    expect(await main.pttl(keys.owner(1))).toBeLessThanOrEqual(60_000);
    // Its owner, of a newer version now, has it still.
    expect(await leases.acquire(1, 'owner', 1_000)).toBe(77);
    await leases.release(1, 'owner');
    expect(await main.exists(keys.owner(1))).toBe(0);
  });

  // Its clock set back and its counter lost, Redis gave fences below those that the gateways had seen: they took every
  // owner for a stale one until the clock had caught up.
  it('gives a fence above the one that somebody has seen, to the owner too', async () => {
    const leases = new LeaseStore(connect((await sharedRedis()).url).main, testKeys(uniquePrefix()));
    const fence = await leases.acquire(1, 'a', 60_000);
    expect(await leases.acquire(1, 'a', 60_000, fence - 1)).toBe(fence);
    const seen = fence + 3_600_000_000;
    expect(await leases.acquire(1, 'b', 60_000, seen)).toBe(0);
    expect(await leases.acquire(1, 'a', 60_000, seen)).toBe(seen + 1);
    expect(await leases.acquire(1, 'a', 60_000)).toBe(seen + 1);
  });

  // Fences began at 1 again when Redis was emptied: the gateways, which had seen higher ones, took every owner for a
  // stale one, and messages came with the position check only.
  it('gives a higher fence than ever before to the first owner after Redis has lost everything', async () => {
    const { main } = connect((await sharedRedis()).url);
    const keys = testKeys(uniquePrefix());
    const leases = new LeaseStore(main, keys);
    let highest = 0;
    for (const instance of ['a', 'b', 'c']) {
      highest = await leases.acquire(1, instance, 60_000);
      await leases.release(1, instance);
    }
    await main.del(keys.owner(1), keys.fence(1));
    expect(await leases.acquire(1, 'd', 60_000)).toBeGreaterThan(highest);
  });
});

describe('agreeOnShardCount', () => {
  it('lets the first decide and refuses who disagrees, naming both numbers', async () => {
    const { main } = connect((await sharedRedis()).url);
    const prefix = uniquePrefix();
    await agreeOnShardCount(main, testKeys(prefix, 32));
    await agreeOnShardCount(main, testKeys(prefix, 32));
    await expect(agreeOnShardCount(main, testKeys(prefix, 16))).rejects.toThrow(/32 shards.* 16/);
    await agreeOnShardCount(main, testKeys(uniquePrefix(), 16));
  });
});
