import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CursorWriter } from './cursor-writer.js';
import type { ReadCursor } from './read-cursors.repository.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp() {
  const batches: (readonly ReadCursor[])[] = [];
  const write = vi.fn(async (cursors: readonly ReadCursor[]) => {
    batches.push(cursors);
    return cursors.map(({ seq }) => seq);
  });
  return { batches, write, writer: new CursorWriter(write) };
}
const cursor = (userId: number, seq: number, roomId = 7) => ({ userId, roomId, seq });

it('writes what comes in one turn as one batch, of each user and room the furthest', async () => {
  const { batches, writer } = setUp();
  const seqs = await Promise.all(
    [cursor(1, 5), cursor(2, 4), cursor(1, 9), cursor(1, 8)].map((c) => writer.raise(c)),
  );
  expect(batches).toEqual([[cursor(1, 9), cursor(2, 4)]]);
  expect(seqs).toEqual([9, 4, 9, 9]);
});

it('writes ten batches a second at most, however many people read', async () => {
  const { batches, writer } = setUp();
  for (let i = 1; i <= 3_000; i++) {
    void writer.raise(cursor(i % 300, i));
    if (i % 3 === 0) await vi.advanceTimersByTimeAsync(1);
  }
  await vi.advanceTimersByTimeAsync(100);
  expect(batches.length).toBeLessThanOrEqual(11);
  expect(new Set(batches.flat().map(({ seq }) => seq))).toContain(3_000);
});

it('answers nobody before it is committed, and everybody of a batch that fails', async () => {
  const { write, writer } = setUp();
  let commit!: () => void;
  write.mockImplementationOnce(() => new Promise((resolve) => (commit = () => resolve([5]))));
  const answered = vi.fn();
  const first = writer.raise(cursor(1, 5)).then(answered);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(answered).not.toHaveBeenCalled();
  commit();
  await first;
  expect(answered).toHaveBeenCalledWith(5);
  write.mockRejectedValueOnce(new Error('locked'));
  const failed = [writer.raise(cursor(1, 6)), writer.raise(cursor(2, 6))].map((p) =>
    expect(p).rejects.toThrow('locked'),
  );
  await vi.advanceTimersByTimeAsync(200);
  await Promise.all(failed);
  const again = writer.raise(cursor(1, 6));
  await vi.advanceTimersByTimeAsync(200);
  expect(await again).toBe(6);
});

it('refuses more than it can hold', () => {
  const { writer } = setUp();
  for (let i = 1; i <= 10_000; i++) void writer.raise(cursor(i, 1));
  expect(() => writer.raise(cursor(10_001, 1))).toThrow(expect.objectContaining({ code: 'OVERLOADED' }));
  // One that waits already is moved.
  expect(() => writer.raise(cursor(1, 2))).not.toThrow();
});
