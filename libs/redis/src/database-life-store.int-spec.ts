import { sharedRedis, uniquePrefix } from '@parley/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { DatabaseLifeStore } from './database-life-store.js';
import { connect, testKeys } from './store.fixture.js';

afterAll(async () => (await sharedRedis()).stop());

async function world() {
  const { main } = connect((await sharedRedis()).url);
  const keys = testKeys(uniquePrefix('life'), 4);
  const store = new DatabaseLifeStore(main, keys);
  const entries = async (key: string) => (await main.xrange(key, '-', '+')).map(([, fields]) => fields[1]);
  return { main, keys, store, entries };
}

const beat = (life: string, n: number) => ({ life, beat: n, beatToken: `t${n}` });

describe('the database that Redis belongs to', () => {
  it('is none at first, and nothing is issued', async () => {
    const { store } = await world();
    expect(await store.read()).toEqual({
      life: '',
      unnamedTokens: false,
      beat: 0,
      beatToken: '',
      everIssued: { users: 0, rooms: 0 },
    });
  });

  it('changes only from the one that is named; of two at once one wins', async () => {
    const { store } = await world();
    const results = await Promise.all([store.adopt('', 'a', true), store.adopt('', 'b', false)]);
    expect([...results].sort()).toEqual([false, true]);
    const [life, other] = results[0] ? ['a', 'b'] : ['b', 'a'];
    expect(await store.read()).toMatchObject({ life, unnamedTokens: life === 'a' });
    expect(await store.adopt(other, 'c', false)).toBe(false);
    expect(await store.adopt(life, 'c', true)).toBe(true);
    expect(await store.read()).toMatchObject({ life: 'c', unnamedTokens: true });
  });

  it('begins without a beat, and keeps the ids of all before it', async () => {
    const { store } = await world();
    await store.adopt('', 'a', true);
    await store.raise(beat('a', 7), { users: 3, rooms: 4 });
    await store.adopt('a', 'b', false);
    expect(await store.read()).toEqual({
      life: 'b',
      unnamedTokens: false,
      beat: 0,
      beatToken: '',
      everIssued: { users: 3, rooms: 4 },
    });
  });

  it('has its beat and its ids raised, each by itself, and never lowered', async () => {
    const { store } = await world();
    await store.adopt('', 'a', true);
    expect(await store.raise(beat('a', 7), { users: 3, rooms: 4 })).toBe(true);
    expect(await store.raise(beat('a', 6), { users: 9 })).toBe(true);
    // The same beat has its first token: another one is of a copy of the database.
    expect(await store.raise({ ...beat('a', 7), beatToken: 'copy' }, { rooms: 10 })).toBe(true);
    expect(await store.raise(beat('a', 1), { users: 2, rooms: 2 })).toBe(true);
    expect(await store.read()).toMatchObject({
      beat: 7,
      beatToken: 't7',
      everIssued: { users: 9, rooms: 10 },
    });
    await store.raise(beat('a', 10), {});
    expect(await store.read()).toMatchObject({ beat: 10, beatToken: 't10' });
  });

  it('is raised by nobody else', async () => {
    const { store } = await world();
    expect(await store.raise(beat('', 1), { users: 1 })).toBe(false);
    await store.adopt('', 'a', true);
    expect(await store.raise(beat('b', 7), { users: 3 })).toBe(false);
    expect(await store.read()).toMatchObject({ beat: 0, everIssued: { users: 0 } });
  });
});

describe('dispatch streams', () => {
  it('are put aside under their database, and those of the new one come back, once', async () => {
    const { main, keys, store, entries } = await world();
    for (const [shard, n] of [
      [0, 1],
      [0, 2],
      [3, 3],
    ] as const)
      await main.xadd(keys.dispatch(shard), '*', 'n', n);
    await main.xadd(keys.dispatchOf(3, 'b'), '*', 'n', 9);
    expect(await store.swapStreams('a', 'b')).toEqual({ aside: 3, back: 1 });
    expect(await entries(keys.dispatchOf(0, 'a'))).toEqual(['1', '2']);
    expect(await entries(keys.dispatchOf(3, 'a'))).toEqual(['3']);
    expect(await entries(keys.dispatch(3))).toEqual(['9']);
    expect(await main.exists(keys.dispatch(0), keys.dispatchOf(3, 'b'))).toBe(0);
    // Repeated after a crash: what has come since stays where it is.
    await main.xadd(keys.dispatch(0), '*', 'n', 5);
    expect(await store.swapStreams('a', 'b')).toEqual({ aside: 0, back: 0 });
    expect(await entries(keys.dispatch(0))).toEqual(['5']);
    // And back again.
    expect(await store.swapStreams('b', 'a')).toEqual({ aside: 2, back: 3 });
    expect(await entries(keys.dispatch(0))).toEqual(['1', '2']);
    expect(await entries(keys.dispatch(3))).toEqual(['3']);
  });

  it('are never put over something that is kept', async () => {
    const { main, keys, store, entries } = await world();
    const kept = keys.dispatchOf(0, 'a');
    await main.xadd(kept, '*', 'n', 1);
    await main.xadd(`${kept}+`, '*', 'n', 2);
    await main.xadd(keys.dispatch(0), '*', 'n', 3);
    await store.swapStreams('a', 'b');
    expect([await entries(kept), await entries(`${kept}+`), await entries(`${kept}++`)]).toEqual([
      ['1'],
      ['2'],
      ['3'],
    ]);
  });

  it('that are empty make no keepsake, and no obstacle', async () => {
    const { main, keys, store, entries } = await world();
    // Workers make them with their groups.
    await main.xgroup('CREATE', keys.dispatch(0), 'task', '0', 'MKSTREAM');
    await main.xgroup('CREATE', keys.dispatch(1), 'task', '0', 'MKSTREAM');
    await main.xadd(keys.dispatchOf(0, 'b'), '*', 'n', 9);
    expect(await store.swapStreams('', 'b')).toEqual({ aside: 0, back: 1 });
    expect(await entries(keys.dispatch(0))).toEqual(['9']);
    expect(await main.exists(keys.dispatchOf(0, ''), keys.dispatch(1))).toBe(0);
  });
});

describe('a switch', () => {
  it('is made by one at a time, until it lets go or a while has passed', async () => {
    const { main, keys, store } = await world();
    expect(await store.lock('one')).toBe(true);
    expect(await store.lock('two')).toBe(false);
    const ttl = await main.pttl(keys.databaseSwitch());
    expect(ttl).toBeGreaterThan(20_000);
    expect(ttl).toBeLessThanOrEqual(30_000);
    await store.unlock('two');
    expect(await store.lock('two')).toBe(false);
    await store.unlock('one');
    expect(await store.lock('two')).toBe(true);
  });
});
