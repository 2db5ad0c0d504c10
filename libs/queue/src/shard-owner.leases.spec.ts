import { fuzzSeed } from '@parley/testing';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { memoryLeases, startedOwner } from './shard-owner.fixture.js';

const SHARDS = 3;
const BLOCK_MS = 120;
const LEASE_MS = 600;
const STEP_MS = 20;

beforeEach(
  () =>
    void vi.useFakeTimers({
      toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout', 'performance'],
    }),
);
afterEach(() => void vi.useRealTimers());

/** Numbers that look random, 0 to 1; the same for the same seed. */
function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** An owner with a clock of its own, and a reader that blocks on what is owned for as long as that may block. */
function worker(instanceId: string, leases: ReturnType<typeof memoryLeases>, clockMs: number) {
  const world = { candidates: ['a', 'b'] };
  const { owner, errors } = startedOwner(leases.store, {
    instanceId,
    shardCount: SHARDS,
    leaseTtlMs: LEASE_MS,
    candidates: () => world.candidates,
    now: () => performance.now() + clockMs,
  });
  /** When the read of each shard can be served no more. */
  const readUntil = new Map<number, number>();
  owner.addReader({
    leave: (shard) =>
      new Promise((left) => setTimeout(left, (readUntil.get(shard) ?? 0) - performance.now())),
  });
  const read = () => {
    for (const shard of owner.owned(BLOCK_MS).keys()) readUntil.set(shard, performance.now() + BLOCK_MS);
  };
  const uses = (shard: number) => owner.owned().has(shard) || (readUntil.get(shard) ?? 0) > performance.now();
  return { world, owner, errors, read, uses };
}

// No fence is compared here: whoever reads, reads because of the lease alone.
it('leases alone keep one reader on each shard, however long answers take and whatever each believes of the other', async () => {
  const seed = fuzzSeed();
  let handovers = 0;
  for (let run = 0; run < 8; run++) {
    const roll = dice(seed + run);
    const leases = memoryLeases(() => performance.now());
    leases.world.travel = () => ({ thereMs: roll() ** 3 * LEASE_MS, backMs: roll() ** 3 * LEASE_MS });
    leases.world.fail = () => roll() < 0.05;
    const workers = [worker('a', leases, 0), worker('b', leases, 1_000_000)];
    const fences = new Map<number, number>();
    for (let step = 0; step < 250; step++) {
      for (const { world, owner, read } of workers) {
        // Each has a list of its own, right or wrong.
        if (roll() < 0.04) world.candidates = [['a'], ['b'], ['a', 'b'], []][Math.floor(roll() * 4)] ?? [];
        if (roll() < 0.1) owner.poke();
        if (roll() < 0.005) owner.lose(Math.floor(roll() * SHARDS));
        if (roll() < 0.6) read();
      }
      await vi.advanceTimersByTimeAsync(STEP_MS);
      for (let shard = 0; shard < SHARDS; shard++) {
        expect(workers.filter(({ uses }) => uses(shard)).length).toBeLessThanOrEqual(1);
        for (const { owner } of workers) {
          const fence = owner.owned().get(shard);
          if (fence === undefined) continue;
          const before = fences.get(shard) ?? 0;
          expect(fence).toBeGreaterThanOrEqual(before);
          if (fence > before && before > 0) handovers++;
          fences.set(shard, fence);
        }
      }
    }
    for (const { owner } of workers) void owner.stop();
  }
  // The time was not spent with one owner.
  expect(handovers).toBeGreaterThan(20);
});
