import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { memoryLeases, startedOwner } from './shard-owner.fixture.js';
import type { ShardOwnerOptions } from './shard-owner.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] }));
afterEach(() => void vi.useRealTimers());

/** One store and one owner, on one clock; `paused` sets the clock on without any timer firing. */
function setUp(options: Partial<ShardOwnerOptions> = {}) {
  let pausedMs = 0;
  const now = () => performance.now() + pausedMs;
  const leases = memoryLeases(now);
  const started = startedOwner(leases.store, { now, ...options });
  const shards = () => [...started.owner.owned().keys()];
  const fence = (shard = 0) => started.owner.owned().get(shard) ?? 0;
  return { ...leases, ...started, now, shards, fence, paused: (ms: number) => (pausedMs += ms) };
}

/** Lets the clock run; every answer that is not held arrives. */
async function run(ms = 0): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
}

describe('a lease', () => {
  it('counts from the question, not from the answer, and is over at its very end', async () => {
    const { world, held, owner, shards } = setUp();
    world.hold = () => true;
    await run();
    expect(shards()).toEqual([]);
    await run(300);
    held[0]?.release();
    await run();
    expect(shards()).toEqual([0]);
    await run(599);
    expect(shards()).toEqual([0]);
    await run(1);
    expect(shards()).toEqual([]);
    expect(owner.owned(-1).size).toBe(1);
  });

  it('that does not last for the time asked for is not named', async () => {
    const { world, owner } = setUp();
    await run();
    world.hold = () => true;
    await run(200);
    expect([...owner.owned(699).keys()]).toEqual([0]);
    expect([...owner.owned(700).keys()]).toEqual([]);
  });

  it('is over for a process that was paused, before any timer of it fires', async () => {
    const { shards, paused } = setUp();
    await run();
    paused(899);
    expect(shards()).toEqual([0]);
    paused(1);
    expect(shards()).toEqual([]);
  });

  it('outlives its first term under the same fence, renewed after a third and not at every look', async () => {
    const { shards, fence, asked } = setUp();
    await run();
    const first = fence();
    asked();
    for (let ms = 0; ms < 6_000; ms += 50) {
      await run(50);
      expect(shards()).toEqual([0]);
    }
    expect(fence()).toBe(first);
    // Looks are at every 200 ms, and a third is 300.
    expect(asked()).toEqual(Array.from({ length: 15 }, () => 'acquire 0 a'));
  });

  it('that is not renewed ends in time, and is had again when the store answers', async () => {
    const { world, shards, fence, errors, ownerOf } = setUp();
    await run();
    const first = fence();
    world.fail = () => true;
    await run(800);
    expect([shards(), errors]).toEqual([[0], ['no answer to acquire 0 a', 'no answer to acquire 0 a']]);
    await run(100);
    expect([shards(), ownerOf(0)]).toEqual([[], undefined]);
    world.fail = () => false;
    await run(400);
    expect(shards()).toEqual([0]);
    expect(fence()).toBeGreaterThan(first);
  });

  it('that another has taken is not used any more, although its time is not over', async () => {
    const { store, shards, owners, ownerOf, asked } = setUp();
    await run();
    owners.clear();
    await store.acquire(0, 'b', 60_000);
    await run(400);
    expect([shards(), ownerOf(0)]).toEqual([[], 'b']);
    asked();
    await run(1_000);
    expect([shards(), ownerOf(0)]).toEqual([[], 'b']);
    // It is wanted all the same, and asked for at every look.
    expect(asked()).toHaveLength(5);
  });

  it('of another is waited for, and had under a higher fence at the first look after its end', async () => {
    const { store, shards, fence } = setUp({
      leaseTtlMs: 60_000,
      candidates: () => (isMine ? ['a'] : ['b']),
    });
    let isMine = false;
    const before = await store.acquire(0, 'dead', 1_100);
    isMine = true;
    await run(1_000);
    expect(shards()).toEqual([]);
    await run(200);
    expect(shards()).toEqual([0]);
    expect(fence()).toBeGreaterThan(before);
  });
});

describe('a share', () => {
  it('is asked for shard by shard, and no shard that another should have', async () => {
    const { shards, asked } = setUp({ shardCount: 8, candidates: () => ['a', 'b', 'c'] });
    await run();
    const mine = shards();
    expect(mine.length).toBeGreaterThan(0);
    expect(mine.length).toBeLessThan(8);
    expect(asked()).toEqual(mine.map((shard) => `acquire ${shard} a`));
    await run(1_000);
    expect(new Set(asked())).toEqual(new Set(mine.map((shard) => `acquire ${shard} a`)));
  });

  it('is nothing where there are no candidates, and changes at once with a poke', async () => {
    let candidates: string[] = [];
    const { owner, shards, asked } = setUp({ shardCount: 2, candidates: () => candidates });
    await run(1_000);
    expect([shards(), asked()]).toEqual([[], []]);
    candidates = ['a'];
    owner.poke();
    await run();
    expect(shards()).toEqual([0, 1]);
  });

  it('does not depend on the shard whose question failed', async () => {
    const { world, shards, errors } = setUp({ shardCount: 3 });
    world.fail = (question) => question === 'acquire 1 a';
    await run();
    expect([shards(), errors]).toEqual([[0, 2], ['no answer to acquire 1 a']]);
    world.fail = () => false;
    await run(200);
    expect(shards().sort()).toEqual([0, 1, 2]);
  });

  it('is looked at once more, however often somebody pokes while an answer is on its way', async () => {
    let looks = 0;
    const { world, held, owner } = setUp({ candidates: () => (looks++, ['a']) });
    world.hold = () => true;
    await run();
    expect(looks).toBe(1);
    await run(60_000);
    owner.poke();
    expect(looks).toBe(1);
    world.hold = () => false;
    held[0]?.release();
    await run();
    expect(looks).toBe(2);
    owner.poke();
    await run();
    expect(looks).toBe(3);
  });
});

describe('an unwanted shard', () => {
  it('is named no more when its readers are asked to leave, and free at once when they have', async () => {
    let candidates = ['a'];
    const { owner, shards, ownerOf, asked } = setUp({ shardCount: 2, candidates: () => candidates });
    await run();
    const left: unknown[] = [];
    const ends = new Map<string, () => void>();
    for (const name of ['first', 'second'])
      owner.addReader({
        leave: (shard) => {
          left.push([name, shard, shards().includes(shard)]);
          return shard === 0 ? new Promise((end) => ends.set(name, end)) : Promise.resolve();
        },
      });
    candidates = ['b'];
    asked();
    owner.poke();
    await run();
    expect(shards()).toEqual([]);
    expect(left).toEqual([
      ['first', 0, false],
      ['second', 0, false],
      ['first', 1, false],
      ['second', 1, false],
    ]);
    expect([ownerOf(0), ownerOf(1)]).toEqual(['a', undefined]);
    ends.get('first')?.();
    await run();
    expect(ownerOf(0)).toBe('a');
    ends.get('second')?.();
    await run();
    expect(ownerOf(0)).toBeUndefined();
    expect(asked()).toEqual(['release 1 a', 'release 0 a']);
  });

  it('that is wanted again is not asked for before it was given back, and then has a new fence', async () => {
    let candidates = ['a'];
    const { owner, shards, fence, asked } = setUp({ candidates: () => candidates });
    let end: () => void = () => undefined;
    owner.addReader({ leave: () => new Promise((resolve) => (end = resolve)) });
    await run();
    const first = fence();
    candidates = ['b'];
    await run(200);
    candidates = ['a'];
    asked();
    await run(600);
    expect([shards(), asked()]).toEqual([[], []]);
    end();
    await run(200);
    expect(asked()).toEqual(['release 0 a', 'acquire 0 a']);
    expect(fence()).toBeGreaterThan(first);
  });

  it('that the store did not take back is reported, and may be owned again', async () => {
    let candidates = ['a'];
    const { owner, world, shards, errors } = setUp({ candidates: () => candidates });
    await run();
    world.fail = (question) => question.startsWith('release');
    candidates = [];
    owner.poke();
    await run();
    expect([shards(), errors]).toEqual([[], ['no answer to release 0 a']]);
    candidates = ['a'];
    await run(200);
    expect(shards()).toEqual([0]);
  });

  it('does not keep the others from being renewed while it is waited for', async () => {
    let candidates = ['a'];
    const { owner, shards } = setUp({ shardCount: 8, candidates: () => candidates });
    owner.addReader({ leave: () => new Promise(() => undefined) });
    await run();
    candidates = ['a', 'b'];
    await run(200);
    const kept = shards();
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.length).toBeLessThan(8);
    await run(3_000);
    expect(shards()).toEqual(kept);
  });
});

describe('a shard that turned out to be another’s', () => {
  it('is let go of at once, and held again only above every fence that was seen', async () => {
    const { owner, shards, fence, asked } = setUp({ shardCount: 2 });
    await run();
    asked();
    owner.lose(0, 500);
    expect(shards()).toEqual([1]);
    // What another gateway has seen counts too, and a lower one takes nothing back.
    owner.lose(0, 700);
    owner.lose(0, 600);
    await run(200);
    expect(asked()).toEqual(['acquire 0 a above 700']);
    expect([fence(0), fence(1)]).toEqual([701, 1]);
    // By renewals too.
    await run(2_000);
    expect(fence(0)).toBe(701);
  });

  it('gets a new fence where nobody says what was seen', async () => {
    const { owner, fence } = setUp();
    await run();
    const first = fence();
    owner.lose(0);
    expect(fence()).toBe(0);
    await run(200);
    expect(fence()).toBe(first + 1);
  });

  it('is not taken back by the answer to a question of before', async () => {
    const { owner, world, held, shards, fence } = setUp();
    await run();
    const first = fence();
    world.hold = () => true;
    await run(400);
    expect(held).toHaveLength(1);
    owner.lose(0);
    world.hold = () => false;
    held[0]?.release();
    await Promise.resolve();
    expect(shards()).toEqual([]);
    await run();
    await run(200);
    expect(fence()).toBe(first + 1);
  });
});

describe('an owner that stops', () => {
  it('gives everything back when its readers have left, and asks for nothing any more', async () => {
    const { owner, shards, ownerOf, asked } = setUp({ shardCount: 2 });
    await run();
    let end: () => void = () => undefined;
    owner.addReader({
      leave: (shard) => (shard === 1 ? new Promise((left) => (end = left)) : Promise.resolve()),
    });
    asked();
    const stopped = vi.fn();
    const stopping = owner.stop().then(stopped);
    await run(1_000);
    expect([shards(), ownerOf(0), ownerOf(1)]).toEqual([[], undefined, undefined]);
    expect(asked()).toEqual(['release 0 a']);
    expect(stopped).not.toHaveBeenCalled();
    end();
    await stopping;
    owner.poke();
    await run(1_000);
    expect(asked()).toEqual(['release 1 a']);
    expect(vi.getTimerCount()).toBe(0);
  });

  // One question failed while others were under way: their answers came after everything had been given back, and those
  // shards had nobody until the lease ended.
  it('gives back also what it was still being given, although another question has failed', async () => {
    const { owner, world, held, ownerOf, errors } = setUp({ shardCount: 2 });
    world.fail = (question) => question === 'acquire 0 a';
    world.hold = (question) => question === 'acquire 1 a';
    await run();
    expect(ownerOf(1)).toBe('a');
    const stopping = owner.stop();
    await run();
    held[0]?.release();
    await stopping;
    expect(ownerOf(1)).toBeUndefined();
    expect(errors).toEqual(['no answer to acquire 0 a']);
  });

  it('can be started again', async () => {
    const { owner, shards, fence } = setUp();
    await run();
    const first = fence();
    await owner.stop();
    owner.start();
    await run();
    expect(shards()).toEqual([0]);
    expect(fence()).toBeGreaterThan(first);
    await run(2_000);
    expect(shards()).toEqual([0]);
  });
});
