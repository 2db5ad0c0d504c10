import { AppError, limits } from '@parley/protocol';
import { expect, it, vi } from 'vitest';
import type { FollowedRoom, ReadCursor, ReadCursorsRepository } from './read-cursors.repository.js';
import { stub } from '../testing/stub.js';
import { ReadingService } from './reading.service.js';

/** Room 7 and conversation 9 are at 20, 8 has left Redis at 5; nobody may see room 66. Stored positions never go back. */
function setUp(stored: Record<string, number> = {}, followed: FollowedRoom[] = []) {
  const raise = vi.fn(async (cursors: readonly ReadCursor[]) =>
    cursors.map(({ userId, roomId, seq }) => {
      const key = `${userId} ${roomId}`;
      return (stored[key] = Math.max(seq, stored[key] ?? 0));
    }),
  );
  const forget = vi.fn(async () => undefined);
  const published: [string, unknown][] = [];
  const ensure = vi.fn(async () => ({ seq: 20, epoch: 'e1', floor: 0 }));
  const unread = vi.fn(async (_roomId: number, _userId: number, after: number, end: { seq: number }) =>
    Math.max(0, end.seq - after),
  );
  const reading = new ReadingService(
    stub<ReadCursorsRepository>('ReadCursorsRepository', {
      raise,
      forget,
      followed: async (_userId, limit, after) => {
        const start = after ? followed.findIndex(({ roomId }) => roomId === after.roomId) + 1 : 0;
        return followed.slice(start, start + limit);
      },
    }),
    { unread },
    {
      authorize: async (_userId, roomId) => {
        if (roomId === 66) throw new AppError('ROOM_NOT_FOUND');
        return { roomId, kind: roomId === 9 ? 'direct' : 'room', users: undefined };
      },
    },
    { ensure },
    { head: async (roomId) => (roomId === 8 ? undefined : { seq: 20, epoch: 'e1', floor: 0 }) },
    { publish: async (kind, event) => void published.push([kind, event]) },
  );
  return { reading, raise, forget, published, ensure, stored };
}
const room = (roomId: number, seq: number): FollowedRoom => ({
  roomId,
  seq,
  kind: 'room',
  usedAt: roomId,
  archived: 5,
});

it('keeps a position, answers where the user stands, and tells the other devices', async () => {
  const { reading, published } = setUp();
  const results = await reading.markMany([{ userId: 1, roomId: 7, seq: 15, by: 'gw:1' }]);
  expect(results).toEqual([{ ok: true, state: { roomId: 7, seq: 15, head: 20, unread: 5 } }]);
  expect(published).toEqual([
    ['read', { reads: [{ roomId: 7, seq: 15, head: 20, unread: 5, userId: 1, by: 'gw:1' }] }],
  ]);
});

it('never goes back: whoever is behind learns where the user stands', async () => {
  const { reading } = setUp({ '1 7': 18 });
  expect(await reading.markMany([{ userId: 1, roomId: 7, seq: 3 }])).toEqual([
    { ok: true, state: { roomId: 7, seq: 18, head: 20, unread: 2 } },
  ]);
});

it('refuses what cannot be, one by one, and keeps the rest', async () => {
  const { reading, stored, ensure } = setUp();
  const results = await reading.markMany([
    { userId: 1, roomId: 7, seq: 21 },
    { userId: 1, roomId: 66, seq: 1 },
    { userId: 2, roomId: 7, seq: 20 },
  ]);
  expect(results).toMatchObject([
    { ok: false, code: 'INVALID', fields: ['seq'] },
    { ok: false, code: 'ROOM_NOT_FOUND' },
    { ok: true, state: { seq: 20, unread: 0 } },
  ]);
  expect(stored).toEqual({ '2 7': 20 });
  // Once for all who read the same room.
  expect(ensure).toHaveBeenCalledOnce();
});

it('says that it is not available when a position cannot be kept', async () => {
  const { reading, raise, published } = setUp();
  raise.mockRejectedValueOnce(new Error('locked'));
  expect(await reading.markMany([{ userId: 1, roomId: 7, seq: 1 }])).toEqual([
    { ok: false, code: 'UNAVAILABLE' },
  ]);
  expect(published).toEqual([]);
});

it('lists what is unread, of rooms that have left Redis too', async () => {
  const { reading } = setUp({}, [room(7, 12), room(8, 4), room(10, 20)]);
  expect(await reading.list(1)).toEqual({
    rooms: [
      { roomId: 7, kind: 'room', seq: 12, head: 20, unread: 8 },
      { roomId: 8, kind: 'room', seq: 4, head: 5, unread: 1 },
      { roomId: 10, kind: 'room', seq: 20, head: 20, unread: 0 },
    ],
  });
});

it('lists for one user so often, and no more', async () => {
  const { reading } = setUp();
  for (let i = 0; i < 20; i++) await reading.list(1);
  await expect(reading.list(1)).rejects.toMatchObject({
    code: 'RATE_LIMITED',
    retryAfterMs: expect.any(Number),
  });
  await reading.list(2);
});

it('marks everything read, page by page, and tells of what has changed', async () => {
  const many = Array.from({ length: limits.maxListedUnread + 3 }, (_, i) => room(100 + i, i === 0 ? 20 : 1));
  const { reading, stored, published } = setUp({}, many);
  await reading.markAll(1);
  expect(Object.keys(stored)).toHaveLength(many.length - 1);
  expect(new Set(Object.values(stored))).toEqual(new Set([20]));
  const reads = published.flatMap(([, event]) => (event as { reads: unknown[] }).reads);
  expect(reads).toHaveLength(many.length - 1);
});

it('forgets a room that is left, but no conversation and nothing that one may not see', async () => {
  const { reading, forget, published } = setUp();
  await reading.forget(1, 7);
  expect(forget.mock.calls).toEqual([[1, 7]]);
  expect(published).toMatchObject([['read', { reads: [{ userId: 1, roomId: 7, forgotten: true }] }]]);
  await expect(reading.forget(1, 9)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  await expect(reading.forget(1, 66)).rejects.toMatchObject({ code: 'ROOM_NOT_FOUND' });
  expect(forget).toHaveBeenCalledOnce();
});
