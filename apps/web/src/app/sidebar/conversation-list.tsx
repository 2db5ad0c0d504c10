import { threadOf, type Member } from '../chat/threads/chat-state.js';
import { unreadCount } from '../chat/reading/unread.js';
import { userKey } from '../chat/threads/thread-key.js';
import { Avatar } from '../components/avatar.js';
import { useTexts } from '../i18n/texts.js';
import { Link } from '../routing/link.js';
import { useChatState } from '../site/site-context.js';
import { MoreButton } from './more-button.js';
import styles from './sidebar.module.css';
import { UnreadBadge } from './unread-badge.js';

/** Conversations with one other user, the most recently used first. */
export function ConversationList({ onFollow }: { readonly onFollow: () => void }) {
  const t = useTexts();
  const conversations = useChatState((state) => state.conversations);
  if (conversations.length === 0) return <p className={styles['hint']}>{t.sidebar.noDirects}</p>;
  return (
    <>
      <ul>
        {conversations.map(({ peer }) => (
          <ConversationEntry key={peer.userId} peer={peer} onFollow={onFollow} />
        ))}
      </ul>
      <MoreButton list="conversations" />
    </>
  );
}

/** Watches the state by itself, as those of rooms do. */
function ConversationEntry(props: { readonly peer: Member; readonly onFollow: () => void }) {
  const { userId, userName } = props.peer;
  const key = userKey(userId);
  const unread = useChatState((state) => unreadCount(threadOf(state, key)));
  const isShown = useChatState((state) => state.active === key);
  return (
    <li>
      <Link
        className={styles['link']}
        to={{ page: 'direct', userId }}
        onClick={props.onFollow}
        aria-current={isShown ? 'page' : undefined}
        data-unread={unread > 0 ? '' : undefined}
        data-testid="conversation-link"
        data-user-id={userId}
      >
        <Avatar userId={userId} userName={userName} isSmall />
        <span className={styles['label']}>{userName}</span>
        <UnreadBadge count={unread} />
      </Link>
    </li>
  );
}
