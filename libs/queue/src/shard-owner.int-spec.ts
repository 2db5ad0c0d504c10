import { eventually, sharedRedis, uniquePrefix } from '@parley/testing';
import { afterAll, expect, it } from 'vitest';
import { numbers, queueWorld } from './queue.fixture.js';

afterAll(async () => (await sharedRedis()).stop());

it('two owners split all shards; one takes all when the other stops; both share again later', async () => {
  const { owner } = queueWorld((await sharedRedis()).url, uniquePrefix('owner'), 16);
  let live = ['a', 'b'];
  const a = owner('a', () => live);
  const b = owner('b', () => live);
  const all = numbers(0, 15);
  const held = (...owners: (typeof a)[]) =>
    owners.flatMap((one) => [...one.owned().keys()]).sort((x, y) => x - y);

  // Nothing twice, at any look.
  await eventually(() => expect(held(a, b)).toEqual(all));
  const shareOfB = held(b);
  expect(shareOfB.length).toBeGreaterThan(0);
  expect(shareOfB.length).toBeLessThan(16);
  const fences = new Map([...b.owned()]);

  live = ['a'];
  await b.stop();
  a.poke();
  await eventually(() => expect(held(a)).toEqual(all));
  expect(held(b)).toEqual([]);
  for (const shard of shareOfB) expect(a.owned().get(shard)).toBeGreaterThan(fences.get(shard) ?? 0);

  live = ['a', 'b'];
  b.start();
  await eventually(() => {
    const together = held(a, b);
    expect(new Set(together).size).toBe(together.length);
    expect(held(b)).toEqual(shareOfB);
    expect(together).toEqual(all);
  });
});

it('gives a shard back when every reader has left it, and renews the others meanwhile', async () => {
  const { owner, main, keys } = queueWorld((await sharedRedis()).url, uniquePrefix('owner'), 16);
  const LEASE_MS = 600;
  let live = ['a'];
  const a = owner('a', () => live, LEASE_MS);
  const reads = new Map<number, () => void>();
  let isReading = true;
  a.addReader({
    leave: (shard) => (isReading ? new Promise((end) => reads.set(shard, end)) : Promise.resolve()),
  });
  a.addReader({ leave: () => Promise.resolve() });
  await eventually(() => expect(a.owned().size).toBe(16));
  live = ['a', 'b'];
  const b = owner('b', () => live, 60_000);
  a.poke();
  await eventually(() => expect(a.owned().size + reads.size).toBe(16));
  expect(reads.size).toBeGreaterThan(0);
  for (const shard of reads.keys()) expect(a.owned().has(shard)).toBe(false);
  const [first] = reads.keys();
  reads.get(first ?? -1)?.();
  await eventually(() => expect([...b.owned().keys()]).toContain(first));
  const ends = () => Promise.all([...a.owned().keys()].map((shard) => main.pexpiretime(keys.owner(shard))));
  const end = Math.max(...(await ends()));
  // No lease of them has more than its life left.
  await eventually(async () => {
    expect(Math.min(...(await ends()))).toBeGreaterThan(end + LEASE_MS);
    expect(a.owned().size + reads.size).toBe(16);
  });
  isReading = false;
  for (const end of reads.values()) end();
  await eventually(() => expect(a.owned().size + b.owned().size).toBe(16));
});

it('holds a shard that it lost only under a higher fence than anybody has seen', async () => {
  const { owner } = queueWorld((await sharedRedis()).url, uniquePrefix('owner'));
  const a = owner('a', () => ['a']);
  await eventually(() => expect(a.owned().size).toBe(1));
  const fence = a.owned().get(0) ?? 0;
  // A renewal may be under way: its answer is the fence that is not enough.
  a.poke();
  a.lose(0, fence + 1_000_000_000);
  await eventually(() => expect(a.owned().get(0)).toBe(fence + 1_000_000_001));
  // A gateway of 0.1 does not say what it has seen.
  a.lose(0);
  await eventually(() => expect(a.owned().get(0)).toBeGreaterThan(fence + 1_000_000_001));
});
