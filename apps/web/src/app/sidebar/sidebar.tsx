import { useState } from 'react';
import { Button } from '../components/button.js';
import { Icon } from '../components/icon.js';
import { useTexts } from '../i18n/texts.js';
import { AccountBar } from './account-bar.js';
import { ConversationList } from './conversation-list.js';
import { NewRoomForm } from './new-room-form.js';
import { RoomList } from './room-list.js';
import styles from './sidebar.module.css';

/** Rooms, conversations and the account. `onClose`: present when it lies over the page, on a phone. */
export function Sidebar({ onClose }: { readonly onClose: (() => void) | undefined }) {
  const t = useTexts();
  const [isCreating, setCreating] = useState(false);
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
      <nav className={styles['lists']} aria-label={t.sidebar.label}>
        <div className={styles['heading']}>
          <h2>{t.sidebar.rooms}</h2>
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
        </div>
        {isCreating && <NewRoomForm onDone={() => setCreating(false)} />}
        <RoomList onFollow={follow} />
        <div className={styles['heading']}>
          <h2>{t.sidebar.directs}</h2>
        </div>
        <ConversationList onFollow={follow} />
      </nav>
      <AccountBar />
    </div>
  );
}
