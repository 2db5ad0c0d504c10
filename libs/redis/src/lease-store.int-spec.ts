import { eventually, sharedRedis, uniquePrefix } from '@parley/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { LeaseStore } from './lease-store.js';
import { agreeOnShardCount } from './shard-agreement.js';
import { connect, testKeys } from './store.fixture.js';

afterAll(async () => (await sharedRedis()).stop());

describe('LeaseStore', () => {
  it('gives a shard to one; renewing keeps the fence, each new owner gets a higher one', async () => {
    const leases = new LeaseStore(connect((await sharedRedis()).url).main, testKeys(uniquePrefix()));
    const [a, b] = await Promise.all(['a', 'b'].map((id) => leases.acquire(1, id, 60_000)));
    expect([a, b].sort()).toEqual([0, 1]);
    const [owner, other] = a === 1 ? ['a', 'b'] : ['b', 'a'];
    expect(await leases.acquire(1, owner, 60_000)).toBe(1);
    await leases.release(1, other);
    expect(await leases.acquire(1, other, 60_000)).toBe(0);
    await leases.release(1, owner);
    expect(await leases.acquire(1, other, 60_000)).toBe(2);
    expect(await leases.acquire(2, owner, 60_000)).toBe(1);
  });

  it('lets another take it when the lease has ended', async () => {
    const leases = new LeaseStore(connect((await sharedRedis()).url).main, testKeys(uniquePrefix()));
    expect(await leases.acquire(1, 'dead', 100)).toBe(1);
    await eventually(async () => expect(await leases.acquire(1, 'next', 60_000)).toBe(2), {
      timeoutMs: 3_000,
    });
    expect(await leases.acquire(1, 'dead', 100)).toBe(0);
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
