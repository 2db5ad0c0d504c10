import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Conversation } from './chat-state.js';
import { SidebarLists, type SidebarPart } from './sidebar-lists.js';

const room = (roomId: number, online = 0) => ({
  roomId,
  name: `room ${roomId}`,
  kind: 'room' as const,
  online,
});

function setUp(random = 0.5) {
  let nowMs = 0;
  const state: { rooms: ReturnType<typeof room>[]; conversations: Conversation[]; next: string | undefined } =
    {
      rooms: [],
      conversations: [],
      next: undefined,
    };
  const roomsPage = vi.fn(async ({ cursor }: { cursor?: string } = {}) =>
    cursor === undefined ? { rooms: [room(9, 2), room(8)], next: '8' } : { rooms: [room(8, 5), room(7)] },
  );
  const conversationsPage = vi.fn(async () => ({ conversations: [] }));
  const failed = vi.fn();
  const stop = new AbortController();
  const lists = new SidebarLists(
    {
      api: { roomsPage, conversationsPage } as never,
      rooms: () => state.rooms,
      conversations: () => state.conversations,
      loaded: ({ rooms, ...part }: SidebarPart) => {
        if (rooms) Object.assign(state, { rooms: [...rooms], next: part.roomsNext });
      },
      failed,
      random: () => random,
      now: () => nowMs,
    },
    stop.signal,
  );
  return { lists, state, roomsPage, conversationsPage, failed, stop, pass: (ms: number) => (nowMs += ms) };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('SidebarLists', () => {
  it('adds a page below, each room once', async () => {
    const { lists, state, roomsPage } = setUp();
    await lists.refresh();
    expect(state).toMatchObject({ rooms: [room(9, 2), room(8)], next: '8' });
    await lists.more('rooms', state.next);
    expect(state).toMatchObject({ rooms: [room(9, 2), room(8), room(7)], next: undefined });
    await lists.more('rooms', state.next);
    expect(roomsPage).toHaveBeenCalledTimes(2);
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
