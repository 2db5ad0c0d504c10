import type { ParleyApi, ParleyClient } from '@parley/client';
import { afterEach, beforeEach, vi } from 'vitest';
import { testPage } from '../timeline/test-messages.js';
import { ChatSession } from './chat-session.js';
import { FakeClient } from './fake-client.fixture.js';
import { threadOf } from './threads/chat-state.js';
import type { ThreadKey } from './threads/thread-key.js';

/** Who looks. */
const me = { userId: 7, userName: 'me', role: 'user' as const };
/** The only room of the list. */
export const room = { roomId: 1, name: 'Lobby', kind: 'room' as const, online: 1 };

const sessions: ChatSession[] = [];

/** A session that has begun, over a server that answers at once; `api` answers otherwise. It ends with the test. */
export function setUp(api: Partial<Record<keyof ParleyApi, unknown>> = {}) {
  const client = new FakeClient();
  const onEnded = vi.fn();
  const session = new ChatSession({
    api: {
      roomsPage: async () => ({ rooms: [room] }),
      conversationsPage: async () => ({ conversations: [] }),
      conversationWith: async () => undefined,
      presence: async (userId: number) => ({ userId, userName: 'bo', online: true }),
      members: async () => ({ count: 1, members: [me] }),
      history: async () => testPage(1, 3),
      room: async () => room,
      unread: async () => [],
      unfollow: async () => undefined,
      ...api,
    } as unknown as ParleyApi,
    client: client as unknown as ParleyClient,
    me,
    onEnded,
    random: () => 0,
  });
  session.start();
  sessions.push(session);
  const thread = (key: ThreadKey) => threadOf(session.state.get(), key);
  return { session, client, onEnded, thread };
}

/** Call it once in a suite: a page to be in, anew for each test. */
export function withPage(): void {
  beforeEach(() => {
    const stored = new Map<string, string>();
    const localStorage = {
      getItem: (key: string) => stored.get(key) ?? null,
      setItem: (key: string, value: string) => stored.set(key, value),
      removeItem: (key: string) => stored.delete(key),
    };
    vi.stubGlobal('window', { addEventListener: () => undefined, localStorage });
    vi.stubGlobal('navigator', { onLine: true });
    vi.stubGlobal('document', Object.assign(new EventTarget(), { visibilityState: 'visible' }));
  });
  afterEach(() => {
    for (const session of sessions.splice(0)) session.stop();
    vi.unstubAllGlobals();
  });
}
