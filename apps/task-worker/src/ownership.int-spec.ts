import { eventually, sharedRedis, uniquePrefix } from '@parley/testing';
import { afterAll, expect, it } from 'vitest';
import { workerWorld } from './testing/worker-world.js';

afterAll(async () => (await sharedRedis()).stop());

const world = async (options: { shardCount?: number } = {}) =>
  workerWorld((await sharedRedis()).url, uniquePrefix('worker'), options);

it('leases alone, at gateways that compare no fences: one worker at a time hands a shard over, and nothing comes late', async () => {
  const { gateway, join, send, worker, registry, enlist, pending, owner } = await world();
  const gw = await gateway('gw-1');
  gw.comparesFences = false;
  await join(1, 'gw-1');
  const names = ['a', 'b'];
  const env = { PARLEY_SHARD_LEASE_TTL_MS: 2_000 };
  for (const id of names) await worker(id, env);
  let sent = 0;
  for (let round = 0; round < 4; round++) {
    const next = names[round % 2] as string;
    // The other one is still there, and reads until it has let go.
    await registry.deregister('task-worker', names[(round + 1) % 2] as string);
    await enlist('task-worker', next);
    await eventually(async () => {
      await send(1);
      sent++;
      const [name, fence] = (await owner()) ?? [];
      expect(name).toBe(next);
      expect(gw.requests.at(-1)?.fences).toEqual([[0, Number(fence)]]);
    });
  }
  await eventually(() => gw.expectAll(1, sent));
  await eventually(async () => expect(await pending('dispatch')).toBe(0));
  const fences = gw.requests.flatMap((request) => request.fences.map(([, fence]) => fence));
  expect(fences).toEqual([...fences].sort((x, y) => x - y));
  expect(new Set(fences).size).toBeGreaterThanOrEqual(4);
});

it('fences alone, when a lease ended under its owner’s hands: what that one brings is refused, and comes by its successor', async () => {
  const { main, keys, gateway, join, send, worker, pending, owner, registry } = await world();
  const gw = await gateway('gw-1');
  await join(1, 'gw-1');
  // By its own clock it holds the shard for a minute: it was paused, or its clock was.
  const env = { PARLEY_SHARD_LEASE_TTL_MS: 60_000 };
  await worker('paused', env);
  await send(1, 3);
  await eventually(() => gw.expectAll(1, 3));
  const before = Number((await owner())?.[1]);
  // Its call arrives after its successor's.
  let arrive: () => void = () => undefined;
  const late = new Promise<void>((resolve) => (arrive = resolve));
  gw.onCall = async ({ fences }) => void (fences.some(([, fence]) => fence === before) && (await late));
  const calls = gw.requests.length;
  await send(1, 3);
  await eventually(async () => expect(await pending('dispatch')).toBe(3));
  await eventually(() => expect(gw.requests.length).toBeGreaterThan(calls));
  await main.del(keys.owner(0));
  // Its list of candidates is not what it was, but nobody has told it.
  await registry.deregister('task-worker', 'paused');
  await worker('successor', env);
  await eventually(async () => expect((await owner())?.[0]).toBe('successor'));
  const after = Number((await owner())?.[1]);
  expect(after).toBeGreaterThan(before);
  await eventually(() => gw.expectAll(1, 6));
  arrive();
  await eventually(() => expect(gw.refused.length).toBeGreaterThan(0));
  expect(gw.refused[0]).toEqual([0, before]);
  // It lets go, and what it may have read meanwhile is found.
  await send(1, 20);
  await eventually(() => gw.expectAll(1, 26));
  await eventually(async () => expect(await pending('dispatch')).toBe(0));
  const stale = gw.requests.slice(calls).filter(({ fences }) => fences.some(([, fence]) => fence === before));
  expect(gw.refused).toEqual(stale.map(() => [0, before]));
});

it('an owner whose fence is too low lets go, and hands everything over again under one that is not', async () => {
  const { gateway, join, send, worker, pending, owner } = await world();
  const gw = await gateway('gw-1');
  await join(1, 'gw-1');
  await worker('w');
  await send(1, 2);
  await eventually(() => gw.expectAll(1, 2));
  // Of a Redis that lost its counter and whose clock went back: somebody had a higher one before.
  const seen = Number((await owner())?.[1]) + 1_000_000_000;
  await gw.deliver({ fences: [[0, seen]], entries: [], upTo: [], partial: true });
  await send(1, 5);
  await eventually(() => gw.expectAll(1, 7));
  await eventually(async () => expect(await pending('dispatch')).toBe(0));
  expect(gw.refused.length).toBeGreaterThan(0);
  expect(Number((await owner())?.[1])).toBe(seen + 1);
});

it('a worker that drains is given no shards: the ready one has them all', async () => {
  const { worker, enlist, owner } = await world({ shardCount: 8 });
  for (const id of ['a', 'b']) await worker(id);
  const owners = async () =>
    new Set((await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(owner))).map((it) => it?.[0]));
  await eventually(async () => expect(await owners()).toEqual(new Set(['a', 'b'])));
  for (const state of ['draining', 'starting'] as const) {
    await enlist('task-worker', 'a', state);
    await eventually(async () => expect(await owners()).toEqual(new Set(['b'])));
    await enlist('task-worker', 'a');
    await eventually(async () => expect(await owners()).toEqual(new Set(['a', 'b'])));
  }
});
