import type { Unread } from '@parley/protocol';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Retries } from '../../retries.js';
import { ChatStore } from '../threads/chat-store.js';
import { ReadSync } from './read-sync.js';

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('document', Object.assign(new EventTarget(), { visibilityState: 'visible' }));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function setUp(hearsAll: boolean) {
  const unread = vi.fn(async (): Promise<Unread['rooms']> => []);
  const follows = vi.fn((_roomIds: readonly number[]) => hearsAll);
  const left = vi.fn();
  const stop = new AbortController();
  const sync = new ReadSync(
    {
      api: { unread, markAllRead: async () => undefined },
      client: { markRead: () => undefined },
      store: new ChatStore({ userId: 7, userName: 'me', role: 'user' }, () => undefined),
      positions: { readTo: () => undefined, markRead: () => undefined } as never,
      reading: { known: () => undefined } as never,
      retries: new Retries(),
      follows,
      left,
      failed: () => undefined,
    },
    stop.signal,
  );
  return { sync, unread, follows, left, stop };
}

it('asks once a minute where everything that is followed is delivered', async () => {
  const { sync, unread } = setUp(true);
  await sync.load();
  await vi.advanceTimersByTimeAsync(59_999);
  expect(unread).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(unread).toHaveBeenCalledTimes(2);
});

// What was said in the thirteenth room showed a minute later.
it('asks every ten seconds where it is not, while somebody looks, until the end', async () => {
  const { sync, unread, stop } = setUp(false);
  await sync.load();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(unread).toHaveBeenCalledTimes(2);
  vi.stubGlobal('document', { visibilityState: 'hidden' });
  await vi.advanceTimersByTimeAsync(30_000);
  expect(unread).toHaveBeenCalledTimes(2);
  vi.stubGlobal('document', { visibilityState: 'visible' });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(unread).toHaveBeenCalledTimes(3);
  stop.abort();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(unread).toHaveBeenCalledTimes(3);
});

// The answer was from before, and the room was joined again.
it('does not follow a room again that was left on another device while it asked', async () => {
  const { sync, unread, follows, left } = setUp(true);
  const state = (roomId: number) => ({ roomId, kind: 'room' as const, seq: 1, head: 2, unread: 1 });
  let answer = (_rooms: Unread['rooms']): void => undefined;
  unread.mockReturnValueOnce(new Promise((resolve) => (answer = resolve)));
  const loaded = sync.load();
  sync.told({ ...state(3), forgotten: true });
  expect(left).toHaveBeenCalledExactlyOnceWith(3);
  answer([state(2), state(3)]);
  await loaded;
  expect(follows).toHaveBeenLastCalledWith([2]);
  // It was followed once more there: the next answer says so.
  unread.mockResolvedValueOnce([state(2), state(3)]);
  await sync.load();
  expect(follows).toHaveBeenLastCalledWith([2, 3]);
});
