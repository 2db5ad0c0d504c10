import { threadOf } from '../chat/threads/chat-state.js';
import { unreadCount } from '../chat/reading/unread.js';
import { userKey } from '../chat/threads/thread-key.js';
import { Avatar } from '../components/avatar.js';
import { Button } from '../components/button.js';
import { useTexts } from '../i18n/texts.js';
import { Link } from '../routing/link.js';
import { useChat, useChatState } from '../site/site-context.js';
import { focusLastEntry } from './focus-last-entry.js';
import styles from './sidebar.module.css';
import { UnreadBadge } from './unread-badge.js';

/** Conversations with one other user, the most recently used first. */
export function ConversationList({ onFollow }: { readonly onFollow: () => void }) {
  const t = useTexts();
  const chat = useChat();
  const state = useChatState((value) => value);
  if (state.conversations.length === 0) return <p className={styles['hint']}>{t.sidebar.noDirects}</p>;
  return (
    <>
      <ul>
        {state.conversations.map(({ peer }) => {
          const key = userKey(peer.userId);
          const unread = unreadCount(threadOf(state, key));
          return (
            <li key={peer.userId}>
              <Link
                className={styles['link']}
                to={{ page: 'direct', userId: peer.userId }}
                onClick={onFollow}
                aria-current={state.active === key ? 'page' : undefined}
                data-unread={unread > 0 ? '' : undefined}
                data-testid="conversation-link"
                data-user-id={peer.userId}
              >
                <Avatar userId={peer.userId} userName={peer.userName} isSmall />
                <span className={styles['label']}>{peer.userName}</span>
                <UnreadBadge count={unread} />
              </Link>
            </li>
          );
        })}
      </ul>
      {state.conversationsNext !== undefined && (
        <Button
          look="quiet"
          onClick={({ currentTarget }) => {
            chat.loadMore('conversations');
            focusLastEntry(currentTarget);
          }}
          data-testid="more-conversations"
        >
          {t.sidebar.more}
        </Button>
      )}
    </>
  );
}
