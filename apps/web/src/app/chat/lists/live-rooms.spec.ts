import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ChatStore } from '../threads/chat-store.js';
import { LiveRooms } from './live-rooms.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const room = (roomId: number, online = 0) => ({
  roomId,
  name: `room ${roomId}`,
  kind: 'room' as const,
  online,
});

function setUp() {
  const store = new ChatStore({ userId: 7, userName: 'me', role: 'user' }, () => undefined);
  store.patch({ rooms: [room(1, 2), room(2)] });
  const readAgain = vi.fn();
  const removed = vi.fn();
  const live = new LiveRooms({ store, readAgain, removed, random: () => 0.5 }, new AbortController().signal);
  live.pageRead(5);
  live.watching(5);
  const ids = () => store.get().rooms.map(({ roomId }) => roomId);
  return { live, store, readAgain, removed, ids };
}

it('shows a new room on top, another number or name in its place, and tells what is gone', () => {
  const { live, store, removed, ids } = setUp();
  live.changed(
    6,
    [
      { ...room(9), created: true },
      { ...room(2, 4), name: 'Renamed' },
    ],
    [1],
  );
  expect(store.get().rooms).toEqual([room(9), room(1, 2), { ...room(2, 4), name: 'Renamed' }]);
  expect(removed).toHaveBeenCalledExactlyOnceWith([1]);
  // One of another page that fills up; one that was only left there is no news.
  live.changed(7, [room(20, 1), room(21, 0)], []);
  expect(ids()).toEqual([20, 9, 1, 2]);
  // A private one that was put into the list.
  store.patch({ rooms: [{ ...room(2), private: true }] });
  live.changed(8, [room(2, 1)], []);
  expect(store.get().rooms).toEqual([room(2, 1)]);
});

it('reads the list again after a gap, once, at a moment of its own', () => {
  const { live, readAgain } = setUp();
  live.changed(6, [], []);
  live.changed(8, [], []);
  live.changed(9, [], []);
  vi.advanceTimersByTime(1_500);
  expect(readAgain).not.toHaveBeenCalled();
  vi.advanceTimersByTime(2_000);
  expect(readAgain).toHaveBeenCalledOnce();
  live.pageRead(9);
  live.changed(10, [], []);
  vi.advanceTimersByTime(60_000);
  expect(readAgain).toHaveBeenCalledOnce();
});

it('reads it again when the watch begins at another version, or the page is older than what was told', () => {
  const { live, readAgain } = setUp();
  live.watching(6);
  vi.advanceTimersByTime(6_000);
  expect(readAgain).toHaveBeenCalledOnce();
  // Made before the watch began, kept for a second.
  live.pageRead(5);
  vi.advanceTimersByTime(6_000);
  expect(readAgain).toHaveBeenCalledTimes(2);
});

it('shows again what was told since a page was made, and reads nothing for it', () => {
  const { live, store, readAgain, removed } = setUp();
  live.changed(6, [{ ...room(2, 4), name: 'Renamed' }], []);
  live.changed(7, [room(2, 5)], [1]);
  store.patch({ rooms: [room(1), room(2)] });
  removed.mockClear();
  live.pageRead(5);
  expect(store.get().rooms).toEqual([room(1), room(2, 5)]);
  expect(removed).toHaveBeenCalledExactlyOnceWith([1]);
  // A further page, from before the last change.
  store.patch({ rooms: [room(2, 5), room(3)] });
  live.pageAdded(6);
  expect(removed).toHaveBeenCalledTimes(2);
  live.pageAdded(7);
  expect(removed).toHaveBeenCalledTimes(2);
  live.changed(8, [], []);
  vi.advanceTimersByTime(60_000);
  expect(readAgain).not.toHaveBeenCalled();
});

it('does not take what was told before the watch began anew for what came since', () => {
  const { live, readAgain } = setUp();
  live.changed(6, [], []);
  live.watching(8);
  live.changed(9, [], []);
  live.pageRead(7);
  vi.advanceTimersByTime(6_000);
  expect(readAgain).toHaveBeenCalledOnce();
});

it('asks nothing of a server that does not tell', () => {
  const { live, readAgain } = setUp();
  live.pageRead(undefined);
  live.watching(99);
  live.changed(3, [room(1, 5)], []);
  vi.advanceTimersByTime(60_000);
  expect(readAgain).not.toHaveBeenCalled();
});
