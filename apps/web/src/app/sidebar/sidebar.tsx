import { useRef, useState } from 'react';
import { unreadCount } from '../chat/reading/unread.js';
import { parseKey } from '../chat/threads/thread-key.js';
import { Button } from '../components/button.js';
import { Icon } from '../components/icon.js';
import { useTexts } from '../i18n/texts.js';
import { useChat, useChatState } from '../site/site-context.js';
import { AccountBar } from './account-bar.js';
import { ConversationList } from './conversation-list.js';
import { NewRoomForm } from './new-room-form.js';
import { RoomList } from './room-list.js';
import { Link } from '../routing/link.js';
import { SearchField } from './search-field.js';
import styles from './sidebar.module.css';
import { useKeepInView } from './use-keep-in-view.js';

/** Rooms, conversations and the account. `onClose`: present when it lies over the page, on a phone. */
export function Sidebar({ onClose }: { readonly onClose: (() => void) | undefined }) {
  const t = useTexts();
  const chat = useChat();
  const isGuest = chat.guestOf !== undefined;
  const lists = useRef<HTMLElement>(null);
  const [isCreating, setCreating] = useState(false);
  const hasUnread = useChatState(({ threads }) => [...threads.values()].some((one) => unreadCount(one) > 0));
  // Of the lists together: -1 while the open one is in neither, or they are not shown yet.
  const place = useChatState(({ active, rooms, roomsPhase, conversations }) => {
    if (roomsPhase !== 'ready') return -1;
    const { kind, id } = active ? parseKey(active) : { kind: undefined, id: 0 };
    if (kind === 'room') return rooms.findIndex(({ roomId }) => roomId === id);
    const at = conversations.findIndex(({ peer }) => peer.userId === id);
    return at < 0 ? -1 : rooms.length + at;
  });
  const active = useChatState((state) => state.active);
  useKeepInView(lists, place < 0 ? undefined : active, place);
  const follow = () => onClose?.();
  return (
    <div className={styles['sidebar']}>
      <div className={styles['brand']}>
        <img src="/icon.svg" alt="" />
        Parley
        {onClose && (
          <Button look="icon" aria-label={t.app.close} onClick={onClose} autoFocus>
            <Icon name="close" />
          </Button>
        )}
      </div>
      {!isGuest && <SearchField onFollow={follow} />}
      <nav ref={lists} className={styles['lists']} aria-label={t.sidebar.label}>
        {hasUnread && (
          <Button
            look="text"
            className={styles['markAll']}
            onClick={() => chat.markAllRead()}
            data-testid="mark-all-read"
          >
            {t.sidebar.markAllRead}
          </Button>
        )}
        <div className={styles['heading']}>
          <h2>{t.sidebar.rooms}</h2>
          {!isGuest && (
            <Link
              className={styles['byCode']}
              to={{ page: 'code' }}
              onClick={follow}
              data-testid="join-by-code"
            >
              {t.sidebar.byCode}
            </Link>
          )}
          {!isGuest && (
            <Button
              look="icon"
              aria-label={t.sidebar.newRoom}
              title={t.sidebar.newRoom}
              aria-expanded={isCreating}
              onClick={() => setCreating(!isCreating)}
              data-testid="new-room"
            >
              <Icon name="plus" size={18} />
            </Button>
          )}
        </div>
        {isCreating && (
          <NewRoomForm
            onDone={() => {
              setCreating(false);
              document.querySelector<HTMLElement>('[data-testid=new-room]')?.focus();
            }}
          />
        )}
        <RoomList onFollow={follow} />
        {!isGuest && (
          <>
            <div className={styles['heading']}>
              <h2>{t.sidebar.directs}</h2>
            </div>
            <ConversationList onFollow={follow} />
          </>
        )}
      </nav>
      <AccountBar />
    </div>
  );
}
