import type { Room } from '@parley/protocol';
import { threadOf } from '../chat/threads/chat-state.js';
import { unreadCount } from '../chat/reading/unread.js';
import { roomKey } from '../chat/threads/thread-key.js';
import { Button } from '../components/button.js';
import { ErrorNote } from '../components/error-note.js';
import { Icon } from '../components/icon.js';
import { LinesSkeleton } from '../components/skeleton.js';
import { useTexts } from '../i18n/texts.js';
import { Link } from '../routing/link.js';
import { useChat, useChatState } from '../site/site-context.js';
import { MoreButton } from './more-button.js';
import styles from './sidebar.module.css';
import { UnreadBadge } from './unread-badge.js';

/** Rooms of the server, the most recently used first. */
export function RoomList({ onFollow }: { readonly onFollow: () => void }) {
  const t = useTexts();
  const chat = useChat();
  const phase = useChatState((state) => state.roomsPhase);
  const rooms = useChatState((state) => state.rooms);
  if (phase === 'loading') return <LinesSkeleton label={t.app.loading} />;
  if (phase === 'failed') {
    return (
      <ErrorNote text={t.sidebar.loadFailed}>
        <Button look="quiet" onClick={() => void chat.refresh()}>
          {t.app.retry}
        </Button>
      </ErrorNote>
    );
  }
  return (
    <>
      <ul>
        {rooms
          .filter((room) => room.kind === 'room')
          .map((room) => (
            <RoomEntry key={room.roomId} room={room} onFollow={onFollow} />
          ))}
      </ul>
      <MoreButton list="rooms" />
    </>
  );
}

/** Watches the state by itself: a message in a room changes one line, and most messages none. */
function RoomEntry({ room, onFollow }: { readonly room: Room; readonly onFollow: () => void }) {
  const t = useTexts();
  const key = roomKey(room.roomId);
  const unread = useChatState((state) => unreadCount(threadOf(state, key)));
  const isShown = useChatState((state) => state.active === key);
  return (
    <li>
      <Link
        className={styles['link']}
        to={{ page: 'room', roomId: room.roomId }}
        onClick={onFollow}
        aria-current={isShown ? 'page' : undefined}
        data-unread={unread > 0 ? '' : undefined}
        data-testid="room-link"
        data-room-id={room.roomId}
        data-private={room.private && ''}
      >
        <span className={styles['sign']}>
          <Icon name={room.private ? 'lock' : 'hash'} size={17} />
        </span>
        <span className={styles['label']}>{room.name}</span>
        {room.private && <span className="visually-hidden">{t.sidebar.privateRoom}</span>}
        {unread === 0 && room.online > 0 && (
          <span className={styles['online']} title={t.room.online(room.online)}>
            {room.online}
          </span>
        )}
        <UnreadBadge count={unread} />
      </Link>
    </li>
  );
}
