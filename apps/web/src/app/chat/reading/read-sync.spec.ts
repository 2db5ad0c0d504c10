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
  const unread = vi.fn(async () => []);
  const stop = new AbortController();
  const sync = new ReadSync(
    {
      api: { unread, markAllRead: async () => undefined },
      client: { markRead: () => undefined },
      store: new ChatStore({ userId: 7, userName: 'me', role: 'user' }, () => undefined),
      positions: {} as never,
      reading: { known: () => undefined } as never,
      retries: new Retries(),
      follows: () => hearsAll,
      left: () => undefined,
      failed: () => undefined,
    },
    stop.signal,
  );
  return { sync, unread, stop };
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
