import { ApiError } from '@parley/client';
import { expect, it, vi } from 'vitest';
import { Retries } from '../../retries.js';
import { ChatStore } from '../threads/chat-store.js';
import { Presence } from './presence.js';

const ann = { userId: 1, userName: 'ann' };
const bo = { userId: 2, userName: 'bo' };
const cy = { userId: 3, userName: 'cy' };

/** Somebody in room 5 who asks who is there, and is answered when a test says so. */
function setUp() {
  const store = new ChatStore({ ...ann, role: 'user' }, () => undefined);
  store.patch({ rooms: [{ roomId: 5, name: 'five', kind: 'room', online: 0 }] });
  const answers: ((members: (typeof ann)[]) => void)[] = [];
  const api = {
    members: () =>
      new Promise<{ count: number; members: (typeof ann)[] }>((resolve) =>
        answers.push((members) => resolve({ count: members.length, members })),
      ),
    presence: vi.fn(),
  };
  const failed = vi.fn();
  const presence = new Presence(store, api as never, new Retries({ page: undefined }), failed);
  const load = () => presence.load(5, new AbortController().signal);
  const answer = (...members: (typeof ann)[]) => answers.shift()?.(members);
  const shown = () => ({ ...store.get().present.get(5), inList: store.get().rooms[0]?.online });
  return { presence, load, answer, shown };
}

it('shows what is answered, and every change that is told', async () => {
  const { presence, load, answer, shown } = setUp();
  const loaded = load();
  answer(ann, bo);
  await loaded;
  expect(shown()).toEqual({ count: 2, members: [ann, bo], inList: 2 });
  presence.changed(5, 3, [ann, bo, cy]);
  expect(shown()).toEqual({ count: 3, members: [ann, bo, cy], inList: 3 });
  presence.changed(5, 4);
  expect(shown()).toEqual({ count: 4, members: [ann, bo, cy], inList: 4 });
});

// On a busy machine an answer took longer than somebody's coming, and hid him until the next change.
it('is not set back by an answer that is older than what was told meanwhile', async () => {
  const { presence, load, answer, shown } = setUp();
  const loaded = load();
  presence.changed(5, 3, [ann, bo, cy]);
  answer(ann, bo);
  await loaded;
  expect(shown()).toEqual({ count: 3, members: [ann, bo, cy], inList: 3 });
});

it('takes the names of an answer where only a number was told meanwhile', async () => {
  const { presence, load, answer, shown } = setUp();
  const loaded = load();
  presence.changed(5, 250);
  answer(ann, bo);
  await loaded;
  expect(shown()).toEqual({ count: 250, members: [ann, bo], inList: 250 });
});

it('shows nothing of a room that was left before the answer came', async () => {
  const { presence, load, answer, shown } = setUp();
  const loaded = load();
  presence.forget(5);
  answer(ann, bo);
  await loaded;
  expect(shown()).toEqual({ inList: 0 });
});

it('takes an answer to a question that was asked after the last change', async () => {
  const { presence, load, answer, shown } = setUp();
  presence.changed(5, 3, [ann, bo, cy]);
  const loaded = load();
  answer(ann);
  await loaded;
  expect(shown()).toEqual({ count: 1, members: [ann], inList: 1 });
});

// A conversation with nobody could be written in; only the send said so.
it('says of a conversation with nobody that there is none, and asks no more', async () => {
  const store = new ChatStore({ ...ann, role: 'user' }, () => undefined);
  const presence = vi.fn().mockRejectedValue(new ApiError(404, 'USER_NOT_FOUND', false));
  const follower = new Presence(store, { presence } as never, new Retries({ page: undefined }), vi.fn());
  vi.stubGlobal('document', { visibilityState: 'visible' });
  vi.useFakeTimers();
  const followed = follower.followPeer(99, () => false, new AbortController().signal);
  await vi.advanceTimersByTimeAsync(60_000);
  await followed;
  vi.useRealTimers();
  vi.unstubAllGlobals();
  expect(presence).toHaveBeenCalledOnce();
  expect(store.thread('user:99').phase).toBe('missing');
});
