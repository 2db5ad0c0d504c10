import type { PresenceStore, RoomStore, DirectoryStore } from '@parley/redis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { NamesRepository } from '../directory/names.repository.js';
import type { RoomsRepository, UsePosition } from '../rooms/rooms.repository.js';
import { stub } from '../testing/stub.js';
import type { LivePresenceService } from './live-presence.service.js';
import { RoomListsService } from './room-lists.service.js';

const BOB = { userId: 2, userName: 'bob' };

/** Rooms 5, 4, 3, 2 and 1, the most recently used first; every one is a conversation with bob, too. */
function setUp() {
  const ids = [5, 4, 3, 2, 1];
  const rowsAfter = (limit: number, after?: UsePosition) =>
    ids
      .filter((roomId) => roomId < (after?.roomId ?? 99))
      .slice(0, limit)
      .map((roomId) => ({ roomId, usedAt: 100 + roomId }));
  const done: string[] = [];
  const list = vi.fn<RoomsRepository['list']>(async (limit, after) => {
    done.push('list');
    return rowsAfter(limit, after).map((row) => ({ ...row, name: `room ${row.roomId}` }));
  });
  const listDirect = vi.fn<RoomsRepository['listDirect']>(async (_, limit, after) =>
    rowsAfter(limit, after).map((row) => ({ ...row, peer: BOB, archived: 10 })),
  );
  const findDirect = vi.fn<RoomsRepository['findDirect']>(async (_, peerId) =>
    peerId === BOB.userId ? { roomId: 5, usedAt: 1, peer: BOB, archived: 10 } : undefined,
  );
  const findRooms = vi.fn<NamesRepository['findRooms']>(async (_, limit, after) =>
    rowsAfter(limit, after).map((row) => ({ ...row, name: `room ${row.roomId}` })),
  );
  const listPrivate = vi.fn<RoomsRepository['listPrivate']>(async (userId) =>
    userId === BOB.userId ? [{ roomId: 9, usedAt: 7, name: 'Bob’s own', nameKey: 'bob’s own' }] : [],
  );
  const lists = new RoomListsService(
    stub<RoomsRepository>('RoomsRepository', { list, listDirect, findDirect, listPrivate }),
    stub<LivePresenceService>('LivePresenceService', { sweep: async () => void done.push('sweep') }),
    stub<PresenceStore>('PresenceStore', {
      counts: async (roomIds) => roomIds.map((roomId) => roomId * 10),
    }),
    stub<RoomStore>('RoomStore', {
      // Redis knows more of 5, less of 4, and does not hold the others.
      head: async (roomId) =>
        roomId >= 4 ? { seq: roomId === 5 ? 12 : 3, epoch: 'e1', floor: 0 } : undefined,
    }),
    stub<NamesRepository>('NamesRepository', { findRooms }),
    stub<DirectoryStore>('DirectoryStore', { version: async () => 17 }),
  );
  return { lists, list, findRooms, listDirect, findDirect, done };
}

describe('RoomListsService', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    // To the cache a page made at 0 is of no time.
    vi.advanceTimersByTime(1);
  });
  afterEach(() => void vi.useRealTimers());

  it('has a user’s private rooms before the first page, and before what is found of it; in nobody else’s', async () => {
    const { lists } = setUp();
    const own = { roomId: 9, name: 'Bob’s own', kind: 'room', online: 90, private: true };
    const idsFor = async (userId: number, ...query: [string?, string?]) =>
      (await lists.roomsFor(userId, 2, ...query)).rooms.map(({ roomId }) => roomId);
    expect((await lists.roomsFor(BOB.userId, 2)).rooms[0]).toEqual(own);
    expect(await idsFor(BOB.userId)).toEqual([9, 5, 4]);
    expect(await idsFor(BOB.userId, '104-4')).toEqual([3, 2]);
    expect(await idsFor(BOB.userId, undefined, 'BOB’S')).toEqual([9, 5, 4]);
    expect(await idsFor(BOB.userId, undefined, 'room')).toEqual([5, 4]);
    expect(await idsFor(1)).toEqual([5, 4]);
  });

  it('lists rooms with who is online, those of dead gateways left out before', async () => {
    const { lists, list, done } = setUp();
    expect(await lists.rooms(2)).toEqual({
      rooms: [
        { roomId: 5, name: 'room 5', kind: 'room', online: 50 },
        { roomId: 4, name: 'room 4', kind: 'room', online: 40 },
      ],
      version: 17,
      next: '104-4',
    });
    expect(list.mock.calls).toEqual([[3, undefined]]);
    expect(done).toEqual(['sweep', 'list']);
  });

  it('goes on behind the last one, and names no next page after the end', async () => {
    const { lists, list } = setUp();
    const second = await lists.rooms(3, '104-4');
    expect(list.mock.calls).toEqual([[4, { usedAt: 104, roomId: 4 }]]);
    expect(second.rooms.map(({ roomId }) => roomId)).toEqual([3, 2, 1]);
    expect(second.next).toBeUndefined();
  });

  it('makes each page once a second, whoever asks', async () => {
    const { lists, list } = setUp();
    const pages = await Promise.all([lists.rooms(2), lists.rooms(2)]);
    expect(pages[0]).toBe(pages[1]);
    vi.advanceTimersByTime(999);
    expect(await lists.rooms(2)).toBe(pages[0]);
    await lists.rooms(3);
    await lists.rooms(2, '104-4');
    expect(list).toHaveBeenCalledTimes(3);
    vi.advanceTimersByTime(2);
    expect(await lists.rooms(2)).not.toBe(pages[0]);
  });

  it('makes it again once a room was made here', async () => {
    const { lists, list, listDirect } = setUp();
    await lists.rooms(2);
    await lists.conversations(1, 2);
    lists.renew();
    await lists.rooms(2);
    await lists.conversations(1, 2);
    expect([list.mock.calls.length, listDirect.mock.calls.length]).toEqual([2, 1]);
  });

  it('does not keep a failure', async () => {
    const { lists, list } = setUp();
    list.mockRejectedValueOnce(new Error('SQL is away'));
    await expect(lists.rooms(2)).rejects.toThrow('SQL is away');
    expect((await lists.rooms(2)).rooms).toHaveLength(2);
  });

  it("lists a user's conversations, each up to what Redis or SQL knows", async () => {
    const { lists, listDirect } = setUp();
    expect(await lists.conversations(1, 3)).toEqual({
      conversations: [
        { roomId: 5, peer: BOB, head: 12 },
        { roomId: 4, peer: BOB, head: 10 },
        { roomId: 3, peer: BOB, head: 10 },
      ],
      next: '103-3',
    });
    expect(listDirect.mock.calls).toEqual([[1, 4, undefined]]);
    const { conversations, next } = await lists.conversations(1, 3, '103-3');
    expect(conversations.map(({ roomId }) => roomId)).toEqual([2, 1]);
    expect(next).toBeUndefined();
  });

  it('has the conversation with somebody, or none', async () => {
    const { lists, findDirect } = setUp();
    expect(await lists.conversationWith(1, BOB.userId)).toEqual({
      conversations: [{ roomId: 5, peer: BOB, head: 12 }],
    });
    expect(await lists.conversationWith(1, 99)).toEqual({ conversations: [] });
    expect(findDirect.mock.calls).toEqual([
      [1, BOB.userId],
      [1, 99],
    ]);
  });

  it("shows nobody another one's conversations", async () => {
    const { lists, listDirect } = setUp();
    await lists.conversations(1, 3);
    await lists.conversations(2, 3);
    await lists.conversations(1, 3);
    expect(listDirect.mock.calls.map(([userId]) => userId)).toEqual([1, 2]);
  });

  it('lists those whose name has a text, in pages of their own', async () => {
    const { lists, list, findRooms } = setUp();
    expect((await lists.rooms(2, undefined, 'roo')).next).toBe('104-4');
    await lists.rooms(2, '104-4', 'roo');
    expect(findRooms.mock.calls).toEqual([
      ['roo', 3, undefined],
      ['roo', 3, { usedAt: 104, roomId: 4 }],
    ]);
    expect(list).not.toHaveBeenCalled();
  });
});
