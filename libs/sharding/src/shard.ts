import { murmurMix32 } from './murmur3.js';

/**
 * How many shards the rooms of one deployment are spread over. Keys in Redis carry the shard, so
 * this number and {@link shardOf} are part of the stored data: changing either loses every room.
 */
export const SHARD_COUNT = 32;

/**
 * The shard a room lives on: `murmurMix32(low word ^ murmurMix32(high word)) mod shardCount`.
 *
 * Frozen by the test vectors in `shard.spec.ts`.
 *
 * @param roomId - A safe integer, 0 or more.
 * @param shardCount - An integer from 1 to 2^32. @defaultValue {@link SHARD_COUNT}
 * @returns 0 to `shardCount - 1`.
 * @throws {RangeError} for any other number: a wrong shard would be silent data loss.
 */
export function shardOf(roomId: number, shardCount: number = SHARD_COUNT): number {
  return hashInteger(roomId) % checkedCount(shardCount);
}

function hashInteger(id: number): number {
  if (!Number.isSafeInteger(id) || id < 0)
    throw new RangeError(`id must be a non-negative safe integer: ${id}`);
  // Bitwise operators see the low 32 bits only; the high word is folded in, and adds nothing when 0.
  return murmurMix32((id >>> 0) ^ murmurMix32(Math.floor(id / 2 ** 32)));
}

function checkedCount(count: number): number {
  if (!Number.isInteger(count) || count < 1 || count > 2 ** 32) {
    throw new RangeError(`count must be an integer from 1 to 2^32: ${count}`);
  }
  return count;
}
