import { limits } from '@parley/protocol';
import type { DatabaseLife, LogEntry, RoomStore } from '@parley/redis';
import { expect, it, vi } from 'vitest';
import type { ArchiveReader } from '../archive/archive-reader.js';
import type { ArchiveRepository } from '../archive/archive.repository.js';
import { stub } from '../testing/stub.js';
import { RoomTails } from './room-tails.service.js';

const ME = 1;
const OTHER = 2;
const entry = (seq: number, fromUserId: number, epoch = 'e1'): LogEntry => ({
  seq,
  epoch,
  // What looks like an author in a text is none.
  body: JSON.stringify({ msg: '"fromUserId":1', fromUserId }).slice(0, -1),
});
const range = (from: number, to: number, author: (seq: number) => number = () => OTHER, epoch = 'e1') =>
  Array.from({ length: to - from + 1 }, (_, i) => entry(from + i, author(from + i), epoch));

/** A room's log in Redis, and what SQL has. */
function setUp(log: LogEntry[], archived: LogEntry[] = []) {
  const room = { log, archived };
  const newest = vi.fn<RoomStore['newest']>(async (_id, _before, count) => room.log.slice(-count));
  const from = vi.fn<RoomStore['range']>(async (_id, first, _to, count) =>
    room.log.filter(({ seq }) => seq >= first).slice(0, count),
  );
  const page = vi.fn<ArchiveReader['page']>(async (_id, { limit }) => room.archived.slice(-limit));
  const countOfOthers = vi.fn<ArchiveRepository['countOfOthers']>(async () => 40);
  let change: (life: string) => void = () => undefined;
  const tails = new RoomTails(
    stub<RoomStore>('RoomStore', { newest, range: from }),
    stub<ArchiveReader>('ArchiveReader', { page }),
    stub<ArchiveRepository>('ArchiveRepository', { countOfOthers }),
    stub<DatabaseLife>('DatabaseLife', { onChanged: (listener) => void (change = listener) }),
  );
  const end = (epoch = 'e1') => ({ seq: room.log.at(-1)?.seq ?? 0, epoch });
  return { tails, room, newest, from, page, countOfOthers, end, change: () => change('other') };
}

it('counts the messages of others after the position, and own ones never', async () => {
  const { tails, end } = setUp(range(1, 10, (seq) => (seq % 2 ? ME : OTHER)));
  expect(await tails.unread(7, ME, 0, end())).toBe(5);
  expect(await tails.unread(7, ME, 6, end())).toBe(2);
  expect(await tails.unread(7, ME, 9, end())).toBe(1);
  expect(await tails.unread(7, 3, 0, end())).toBe(10);
});

it('counts up to the end that was asked for, also when more has come while it was read', async () => {
  const { tails } = setUp(range(1, 9));
  expect(await tails.unread(7, ME, 0, { seq: 6, epoch: 'e1' })).toBe(6);
  expect(await tails.unread(7, ME, 4, { seq: 6, epoch: 'e1' })).toBe(2);
});

it('reads nothing when everything is read, also where the room ends in a hole', async () => {
  const { tails } = setUp([]);
  expect(await tails.unread(7, ME, 10, { seq: 10, epoch: 'e1' })).toBe(0);
  expect(await tails.unread(7, ME, 200_000, { seq: 200_000, epoch: 'e2' })).toBe(0);
});

it('does not count the hole before a new epoch', async () => {
  // Redis was emptied: the numbers go on above the ceiling, the older messages are in SQL.
  const { tails, room, end } = setUp([], range(1, 5));
  expect(await tails.unread(7, ME, 3, { seq: 100_000, epoch: 'e2' })).toBe(2);
  room.log = range(100_001, 100_002, () => OTHER, 'e2');
  expect(await tails.unread(7, ME, 3, end('e2'))).toBe(4);
  expect(await tails.unread(7, ME, 100_000, end('e2'))).toBe(2);
});

it('counts a room that has left Redis from SQL', async () => {
  const { tails } = setUp([], range(1, 8));
  expect(await tails.unread(7, ME, 2, { seq: 8, epoch: '' })).toBe(6);
});

it('stops counting at the bound, whatever came', async () => {
  const { tails, end, countOfOthers } = setUp(range(1, 900));
  expect(await tails.unread(7, ME, 0, end())).toBe(limits.maxUnread);
  expect(countOfOthers).not.toHaveBeenCalled();
});

it('asks SQL for what is before the newest, where nearly all of those are own', async () => {
  const { tails, end, countOfOthers } = setUp(range(1, 900, (seq) => (seq > 890 ? OTHER : ME)));
  expect(await tails.unread(7, ME, 4, end())).toBe(50);
  expect(countOfOthers.mock.calls).toEqual([
    [7, ME, { after: 4, before: 701, limit: limits.maxUnread - 10 }],
  ]);
});

it('reads a room once for everybody who asks, and then what has come since', async () => {
  const { tails, room, newest, from, end } = setUp(range(1, 300));
  await Promise.all([1, 2, 3].map((user) => tails.unread(7, user, 250, end())));
  expect(newest).toHaveBeenCalledOnce();
  room.log.push(...range(301, 303));
  expect(await tails.unread(7, ME, 290, end())).toBe(13);
  expect(newest).toHaveBeenCalledOnce();
  expect(from.mock.calls).toEqual([[7, 301, undefined, 200]]);
});

it('reads anew when more has come than it keeps', async () => {
  const { tails, room, end } = setUp(range(1, 10));
  await tails.unread(7, ME, 0, end());
  room.log.push(...range(11, 600));
  expect(await tails.unread(7, ME, 590, end())).toBe(10);
});

it('tries again after SQL was away', async () => {
  const { tails, page } = setUp([], range(1, 3));
  page.mockRejectedValueOnce(new Error('gone'));
  const end = { seq: 3, epoch: '' };
  await expect(tails.unread(7, ME, 0, end)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(await tails.unread(7, ME, 0, end)).toBe(3);
});

it('does not count what nobody can read', async () => {
  const { tails } = setUp(
    [],
    [entry(1, OTHER), { seq: 2, epoch: 'e1', body: undefined } as never, entry(3, OTHER)],
  );
  expect(await tails.unread(7, ME, 0, { seq: 3, epoch: '' })).toBe(2);
});

it('forgets what it knew when the database is another one', async () => {
  const { tails, room, change } = setUp([], range(1, 3));
  const end = { seq: 3, epoch: '' };
  expect(await tails.unread(7, ME, 0, end)).toBe(3);
  change();
  room.archived = [entry(3, ME)];
  expect(await tails.unread(7, ME, 0, end)).toBe(0);
});
