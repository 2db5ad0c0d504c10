import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { SentReads } from './sent-reads.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('a shard has ended when every read of it is answered, and nothing of them is kept', async () => {
  const reads = new SentReads(400);
  const [one, both, other] = [reads.send([1]), reads.send([1, 2]), reads.send([3])];
  const ended: number[] = [];
  for (const shard of [1, 2, 4]) void reads.ended(shard).then(() => ended.push(shard));
  await vi.advanceTimersByTimeAsync(0);
  expect(ended).toEqual([4]);
  one.answered();
  await vi.advanceTimersByTimeAsync(0);
  expect(ended).toEqual([4]);
  both.answered();
  await vi.advanceTimersByTimeAsync(0);
  expect(ended.sort()).toEqual([1, 2, 4]);
  expect(reads.size).toBe(1);
  other.answered();
  expect(reads.size).toBe(0);
});

it('a read that was lost may be served for as long as it may block, and 200 ms', async () => {
  const reads = new SentReads(400);
  reads.send([1]).lost();
  const ended = vi.fn();
  void reads.ended(1).then(ended);
  await vi.advanceTimersByTimeAsync(599);
  expect([ended.mock.calls.length, reads.size]).toEqual([0, 1]);
  await vi.advanceTimersByTimeAsync(1);
  expect([ended.mock.calls.length, reads.size]).toEqual([1, 0]);
});
