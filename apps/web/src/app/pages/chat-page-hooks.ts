import { useEffect, useEffectEvent } from 'react';
import { unreadCount } from '../chat/reading/unread.js';
import { keyOfRoute, parseKey, roomKey, type ThreadKey } from '../chat/threads/thread-key.js';
import { useTexts } from '../i18n/texts.js';
import { firstRoomId, type Route } from '../routing/route.js';
import { currentRouteState } from '../routing/router.js';
import { useChat, useChatState } from '../site/site-context.js';

/** Opens what the address names, and closes it when the page goes. */
export function useOpenThread(route: Route): ThreadKey {
  const chat = useChat();
  const key = keyOfRoute(route) ?? roomKey(firstRoomId);
  useEffect(() => {
    chat.open(key);
    return () => chat.open(undefined);
  }, [chat, key]);
  return key;
}

/** The name of a room or of the other user; a number until it is known. */
export function useThreadName(key: ThreadKey): string {
  const t = useTexts();
  const { kind, id } = parseKey(key);
  const known = useChatState((state) => {
    if (kind === 'room') return state.rooms.find((room) => room.roomId === id)?.name;
    const peer = state.conversations.find((conversation) => conversation.peer.userId === id)?.peer;
    if (peer) return peer.userName;
    for (const { members } of state.present.values()) {
      const member = members.find((other) => other.userId === id);
      if (member) return member.userName;
    }
    return currentRouteState().peerName;
  });
  return known ?? (kind === 'room' ? t.room.untitled(id) : `${t.room.direct} ${id}`);
}

/** Shows in the tab where the user is and how much waits for them. */
export function useDocumentTitle(name: string): void {
  const unread = useChatState((state) => {
    let sum = 0;
    for (const thread of state.threads.values()) sum += unreadCount(thread);
    return sum;
  });
  useEffect(() => {
    document.title = `${unread > 0 ? `(${unread > 99 ? '99+' : unread}) ` : ''}${name} · Parley`;
  }, [name, unread]);
}

/** What lies over the page, on a narrow screen. */
export type Drawer = 'sidebar' | 'members';

/** Esc closes an open drawer; afterwards the focus is back on what opened it. */
export function useDrawerKeys(open: Drawer | undefined, close: () => void): void {
  const onEscape = useEffectEvent(close);
  useEffect(() => {
    if (!open) return;
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key === 'Escape') onEscape();
    };
    document.addEventListener('keydown', onKeyDown);
    return () => {
      document.removeEventListener('keydown', onKeyDown);
      // Not before the page is out of `inert`: it takes no focus until then.
      document.querySelector<HTMLElement>(`[data-opens="${open}"]`)?.focus();
    };
  }, [open]);
}
