import { ApiError } from '@parley/client';
import type { Conversations } from '@parley/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Retries } from '../../retries.js';
import { ChatStore } from '../threads/chat-store.js';
import { SidebarLists } from './sidebar-lists.js';

const room = (roomId: number, online = 0) => ({
  roomId,
  name: `room ${roomId}`,
  kind: 'room' as const,
  online,
});

/** A conversation that has sunk below the first page. */
const talk = { roomId: 50, peer: { userId: 3, userName: 'bo' }, head: 12 };

function setUp(random = 0.5) {
  let nowMs = 0;
  const store = new ChatStore({ userId: 7, userName: 'me', role: 'user' }, () => undefined);
  const roomsPage = vi.fn(async ({ cursor }: { cursor?: string } = {}) =>
    cursor === undefined ? { rooms: [room(9, 2), room(8)], next: '8' } : { rooms: [room(8, 5), room(7)] },
  );
  const readRoom = vi.fn(async (roomId: number) => room(roomId));
  const removed = vi.fn();
  const conversationsPage = vi.fn(async (): Promise<Conversations> => ({ conversations: [] }));
  const conversationWith = vi.fn(async (userId: number) => (userId === 3 ? talk : undefined));
  const loaded = vi.fn();
  const [roomsRead, roomsAdded] = [vi.fn(), vi.fn()];
  const failed = vi.fn();
  const stop = new AbortController();
  const lists = new SidebarLists(
    {
      api: { roomsPage, conversationsPage, conversationWith, room: readRoom } as never,
      store,
      retries: new Retries({ random: () => 0.5 }),
      loaded,
      roomsRead,
      roomsAdded,
      removed,
      failed,
      random: () => random,
      now: () => nowMs,
    },
    stop.signal,
  );
  return {
    lists,
    store,
    roomsPage,
    readRoom,
    removed,
    conversationsPage,
    conversationWith,
    loaded,
    roomsRead,
    roomsAdded,
    failed,
    stop,
    pass: (ms: number) => (nowMs += ms),
  };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('a conversation that is opened', () => {
  it('is looked up where it may be below what was read, and is in the list then, with its head', async () => {
    const { lists, store, conversationsPage, conversationWith, loaded } = setUp();
    conversationsPage.mockResolvedValue({ conversations: [], next: '4-4' });
    await lists.refresh();
    loaded.mockClear();
    expect(await lists.findConversation(3)).toBe(50);
    expect(store.get().conversations).toEqual([talk]);
    expect(store.thread('user:3')).toMatchObject({ roomId: 50, timeline: { head: 12 } });
    expect(loaded).toHaveBeenCalledOnce();
    expect(await lists.findConversation(4)).toBeUndefined();
    expect(conversationWith.mock.calls).toEqual([[3], [4]]);
    expect(loaded).toHaveBeenCalledOnce();
  });

  it('is looked up before the lists are there, which are not taken for read by that', async () => {
    const { lists, store } = setUp();
    expect(await lists.findConversation(3)).toBe(50);
    expect(store.get().roomsPhase).toBe('loading');
  });

  it('is not looked up where all of them have been read', async () => {
    const { lists, conversationWith } = setUp();
    await lists.refresh();
    expect(await lists.findConversation(3)).toBeUndefined();
    expect(conversationWith).not.toHaveBeenCalled();
  });
});

// The list of a guest looked as if it were still being read, for as long as he stayed.
it('reads the only room of a guest, until it succeeds, and is ready then', async () => {
  const { lists, store, readRoom, roomsPage, failed } = setUp();
  readRoom.mockRejectedValueOnce(new ApiError(0, 'NETWORK', true));
  const read = lists.readOne(9);
  await vi.advanceTimersByTimeAsync(0);
  expect(store.get().roomsPhase).toBe('failed');
  expect(failed).toHaveBeenCalledOnce();
  await vi.advanceTimersByTimeAsync(1_000);
  await read;
  expect(store.get()).toMatchObject({ rooms: [room(9)], roomsPhase: 'ready' });
  expect(roomsPage).not.toHaveBeenCalled();
});

describe('SidebarLists', () => {
  it('adds a page below, each room once', async () => {
    const { lists, store, roomsPage } = setUp();
    await lists.refresh();
    expect(store.get()).toMatchObject({ rooms: [room(9, 2), room(8)], roomsNext: '8' });
    await lists.more('rooms');
    expect(store.get()).toMatchObject({ rooms: [room(9, 2), room(8), room(7)], roomsNext: undefined });
    await lists.more('rooms');
    expect(roomsPage).toHaveBeenCalledTimes(2);
  });

  // Rooms that were deleted while the connection was away stayed until the page was loaded anew.
  it('lets go of what is no more when it reads again, with as many pages as were asked for', async () => {
    const { lists, store, roomsPage } = setUp();
    await lists.refresh();
    await lists.more('rooms');
    roomsPage.mockImplementation(async ({ cursor } = {}) =>
      cursor === undefined ? { rooms: [room(10), room(9)], next: '9' } : { rooms: [room(7)] },
    );
    lists.readAgain();
    await vi.advanceTimersByTimeAsync(0);
    expect(store.get()).toMatchObject({ rooms: [room(10), room(9), room(7)], roomsNext: undefined });
    expect(roomsPage).toHaveBeenCalledTimes(4);
  });

  // A later page was kept from before: what had been removed meanwhile stayed in the list.
  it('tells of the oldest page that it has read', async () => {
    const { lists, roomsPage, roomsRead, roomsAdded } = setUp();
    roomsPage.mockImplementation(async ({ cursor }: { cursor?: string } = {}) =>
      cursor === undefined ? { rooms: [room(9)], next: '9', version: 5 } : { rooms: [room(7)], version: 4 },
    );
    await lists.refresh();
    await lists.more('rooms');
    lists.readAgain();
    await vi.advanceTimersByTimeAsync(0);
    expect(roomsRead.mock.calls).toEqual([[5], [4]]);
    expect(roomsAdded).toHaveBeenCalledExactlyOnceWith(4);
  });

  // The room that was opened jumped to the end of the list, or did not, by which answer came first.
  it('leaves a room where the list has it when it was asked for by itself, too', async () => {
    const { lists, store, readRoom } = setUp();
    let answer!: () => void;
    readRoom.mockImplementationOnce(async (roomId) => {
      await new Promise<void>((resolve) => (answer = resolve));
      return room(roomId, 3);
    });
    const included = lists.include(9);
    await lists.refresh();
    answer();
    await included;
    // How many are there is told, and what was read may be older.
    expect(store.get().rooms).toEqual([room(9, 2), room(8)]);
  });

  it('keeps the room that is shown, unless it is no more', async () => {
    const { lists, store, roomsPage, readRoom, removed } = setUp();
    await lists.refresh();
    await lists.include(3);
    store.patch({ active: 'room:3' });
    expect(store.get().rooms).toEqual([room(9, 2), room(8), room(3)]);
    roomsPage.mockResolvedValue({ rooms: [room(9)] });
    lists.readAgain();
    await vi.advanceTimersByTimeAsync(0);
    expect(store.get().rooms).toEqual([room(9), room(3)]);
    expect(removed).not.toHaveBeenCalled();
    readRoom.mockRejectedValue(new ApiError(404, 'ROOM_NOT_FOUND', false));
    lists.readAgain();
    await vi.advanceTimersByTimeAsync(0);
    expect(store.get().rooms).toEqual([room(9)]);
    expect(removed).toHaveBeenCalledExactlyOnceWith([3]);
  });

  it('drops what was taken out of the list, but asks about what was opened: it may be private now', async () => {
    const { lists, store, readRoom, removed } = setUp();
    await lists.refresh();
    store.update('room:8', (thread) => thread);
    readRoom.mockImplementation(async (roomId) => ({ ...room(roomId), private: true }));
    lists.unlisted([9, 8]);
    expect(store.get().rooms).toEqual([room(8)]);
    expect(removed).toHaveBeenCalledExactlyOnceWith([9]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(store.get().rooms).toEqual([{ ...room(8), private: true }]);
    readRoom.mockRejectedValue(new ApiError(404, 'ROOM_NOT_FOUND', false));
    lists.unlisted([8]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(store.get().rooms).toEqual([]);
    expect(removed).toHaveBeenLastCalledWith([8]);
  });

  // Ten thousand clients of a restarted gateway asked for every room in the same second.
  it('asks after a reconnect at a moment of its own, once, and for rooms only when they are old', async () => {
    const { lists, roomsPage, conversationsPage, pass } = setUp(0.5);
    await lists.refresh();
    lists.refreshSoon();
    lists.refreshSoon();
    await vi.advanceTimersByTimeAsync(4_999);
    expect(conversationsPage).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(conversationsPage).toHaveBeenCalledTimes(2);
    expect(roomsPage).toHaveBeenCalledTimes(1);
    pass(60_000);
    lists.refreshSoon();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(roomsPage).toHaveBeenCalledTimes(2);
  });

  // It was taken for asked, and the rooms stayed as they were until the next change.
  it('reads the rooms again that something was missed of while the conversations alone were read', async () => {
    const { lists, store, roomsPage, conversationsPage } = setUp();
    await lists.refresh();
    let answer!: () => void;
    conversationsPage.mockImplementationOnce(async () => {
      await new Promise<void>((resolve) => (answer = resolve));
      return { conversations: [] };
    });
    void lists.refresh();
    lists.readAgain();
    roomsPage.mockResolvedValue({ rooms: [room(10)] });
    answer();
    await vi.advanceTimersByTimeAsync(0);
    expect(store.get().rooms).toEqual([room(10)]);
  });

  it('tries again until the lists are there', async () => {
    const { lists, store, conversationsPage, failed } = setUp();
    conversationsPage.mockRejectedValueOnce(new ApiError(503, 'UNAVAILABLE', true));
    const read = lists.refresh();
    await vi.advanceTimersByTimeAsync(0);
    expect(store.get().roomsPhase).toBe('failed');
    expect(failed).toHaveBeenCalledOnce();
    await vi.advanceTimersByTimeAsync(5_000);
    await read;
    expect(store.get()).toMatchObject({ roomsPhase: 'ready', rooms: [room(9, 2), room(8)] });
  });

  it('asks nothing after its end, and tells what failed', async () => {
    const { lists, conversationsPage, failed, stop } = setUp();
    conversationsPage.mockRejectedValueOnce(new Error('away'));
    await lists.refresh();
    expect(failed).toHaveBeenCalledOnce();
    lists.refreshSoon();
    stop.abort();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(conversationsPage).toHaveBeenCalledTimes(1);
  });
});
