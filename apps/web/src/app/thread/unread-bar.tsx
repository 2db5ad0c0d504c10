import { useEffect, useRef, useState } from 'react';
import { hasUnreadAbove, unreadCount } from '../chat/reading/unread.js';
import { threadOf } from '../chat/threads/chat-state.js';
import type { ThreadKey } from '../chat/threads/thread-key.js';
import { Button } from '../components/button.js';
import { useTexts } from '../i18n/texts.js';
import { useChat, useChatState } from '../site/site-context.js';
import { scrollMessages } from './scroll-messages.js';
import styles from './thread-view.module.css';

/** Leads to the first unread message while that is further up than what is loaded. */
export function UnreadBar({ threadKey }: { readonly threadKey: ThreadKey }) {
  const isAbove = useChatState((state) => hasUnreadAbove(threadOf(state, threadKey)));
  // Nobody is told of it else.
  const count = useChatState((state) => (isAbove ? unreadCount(threadOf(state, threadKey)) : 0));
  const t = useTexts();
  const chat = useChat();
  const [isLoading, setLoading] = useState(false);
  const isWanted = useRef(false);
  // With the messages in their place: what was loaded is shown a little later.
  useEffect(() => {
    if (isAbove || !isWanted.current) return;
    isWanted.current = false;
    scrollMessages((list) => list.querySelector('[data-unread]')?.scrollIntoView({ block: 'start' }));
  }, [isAbove]);
  if (!isAbove && !isLoading) return null;

  const jump = async () => {
    setLoading(true);
    // The button goes, and what it leads to is read there.
    document.getElementById('messages')?.focus({ preventScroll: true });
    isWanted.current = true;
    await chat.loadUnread(threadKey);
    setLoading(false);
  };
  return (
    <div className={styles['unread']} data-testid="unread-bar">
      {count > 0 && <span>{t.room.newCount(count)}</span>}
      <Button look="text" disabled={isLoading} onClick={() => void jump()} data-testid="jump-to-unread">
        {isLoading ? t.room.loadingOlder : t.room.toUnread}
      </Button>
    </div>
  );
}
