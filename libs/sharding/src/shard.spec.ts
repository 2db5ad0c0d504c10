import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SHARD_COUNT, shardOf } from './index.js';

describe('shardOf', () => {
  it('keeps every room where it is stored', () => {
    // Redis keys contain these numbers. A change here orphans the rooms of every deployment.
    const rooms = [
      0,
      1,
      2,
      3,
      4,
      5,
      10,
      100,
      1_000,
      1_000_000,
      2 ** 31,
      2 ** 32 - 1,
      2 ** 32,
      2 ** 40,
      2 ** 53 - 1,
    ];
    expect(SHARD_COUNT).toBe(32);
    expect(rooms.map((roomId) => shardOf(roomId))).toEqual([
      0, 23, 6, 7, 5, 13, 16, 10, 24, 9, 0, 25, 15, 26, 5,
    ]);
    expect(rooms.map((roomId) => shardOf(roomId, 7))).toEqual([0, 6, 6, 0, 3, 4, 5, 0, 6, 0, 2, 6, 0, 5, 0]);
  });

  it('stays in range and is steady for any room', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.integer({ min: 1, max: 2 ** 32 }), (roomId, shardCount) => {
        const shard = shardOf(roomId, shardCount);
        return (
          Number.isInteger(shard) && shard >= 0 && shard < shardCount && shard === shardOf(roomId, shardCount)
        );
      }),
    );
  });

  it('spreads consecutive, even and strided room ids evenly', () => {
    for (const stride of [1, 2, 32, 1_000, 2 ** 33]) {
      const rooms = Array.from({ length: 32_000 }, (_, i) => i * stride);
      expectEven(
        rooms.map((roomId) => shardOf(roomId)),
        SHARD_COUNT,
      );
    }
  });

  it.each([-1, 0.5, NaN, Infinity, 2 ** 53])('refuses room id %d', (roomId) => {
    expect(() => shardOf(roomId)).toThrow(RangeError);
  });

  it.each([0, -1, 1.5, NaN, 2 ** 32 + 1])('refuses %d shards', (shardCount) => {
    expect(() => shardOf(1, shardCount)).toThrow(RangeError);
  });
});

/** No slot may stray from its share by more than six standard deviations. */
function expectEven(slots: readonly number[], slotCount: number): void {
  const counts = new Array<number>(slotCount).fill(0);
  for (const slot of slots) counts[slot] = (counts[slot] ?? 0) + 1;
  const share = slots.length / slotCount;
  const tolerance = 6 * Math.sqrt(share);
  for (const count of counts) expect(Math.abs(count - share)).toBeLessThan(tolerance);
}
