import { useCallback, useSyncExternalStore } from 'react';
import { threadOf } from '../chat/threads/chat-state.js';
import { lastSentAt, silenceOf, type Silence } from '../chat/threads/silence.js';
import { parseKey, type ThreadKey } from '../chat/threads/thread-key.js';
import { everySecond } from '../every-second.js';
import { serverClock } from '../server-clock.js';
import { useChat, useChatState } from '../site/site-context.js';

/** Why the user cannot write in a thread now; undefined when he can. Renders again only when that changes. */
export function useSilence(key: ThreadKey): Silence | undefined {
  const { me } = useChat();
  const { kind, id } = parseKey(key);
  const state = useChatState((chat) => (kind === 'room' ? chat.roomStates.get(id) : undefined));
  const isSlow = state !== undefined && state.slowModeWaitTime > 0;
  const last = useChatState((chat) =>
    isSlow ? lastSentAt(threadOf(chat, key).timeline, me.userId) : undefined,
  );
  const look = useCallback(
    () => JSON.stringify(silenceOf(state, last, serverClock.nowMs()) ?? null),
    [state, last],
  );
  const silence = useSyncExternalStore(everySecond, look);
  return (JSON.parse(silence) as Silence | null) ?? undefined;
}
