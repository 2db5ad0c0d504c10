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
