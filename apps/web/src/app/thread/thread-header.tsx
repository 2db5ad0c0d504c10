import { useRef, type ReactNode } from 'react';
import { Button } from '../components/button.js';
import { Icon } from '../components/icon.js';
import { useTexts } from '../i18n/texts.js';
import { ConnectionBadge } from './connection-badge.js';
import styles from './thread-view.module.css';

/** The line above the messages. */
export function ThreadHeader(props: {
  readonly name: string;
  /** Present on a phone, where the sidebar is hidden. */
  readonly onOpenSidebar: (() => void) | undefined;
  readonly children?: ReactNode;
}) {
  const t = useTexts();
  return (
    <header className={styles['header']}>
      {props.onOpenSidebar && (
        <Button
          look="icon"
          aria-label={t.sidebar.open}
          onClick={props.onOpenSidebar}
          data-testid="open-sidebar"
          data-opens="sidebar"
        >
          <Icon name="menu" />
        </Button>
      )}
      <div className={styles['title']}>
        <h1 data-testid="thread-name">{props.name}</h1>
        <ConnectionBadge />
      </div>
      <div className={styles['tools']}>{props.children}</div>
    </header>
  );
}

/** How many are online; shows and hides who they are. */
export function OnlineButton(props: {
  readonly count: number | undefined;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
}) {
  const t = useTexts();
  return (
    <Button
      look="icon"
      className={styles['members'] ?? ''}
      aria-expanded={props.isOpen}
      title={props.isOpen ? t.room.hideMembers : t.room.showMembers}
      onClick={props.onToggle}
      data-testid="online-count"
      data-count={props.count}
      data-opens="members"
    >
      <Icon name="people" size={18} />
      <span>{props.count === undefined ? '–' : t.room.online(props.count)}</span>
    </Button>
  );
}

/** Leaves the room for good: says what that means, and does it when that is meant. */
export function LeaveButton({ name, onLeave }: { readonly name: string; readonly onLeave: () => void }) {
  const t = useTexts();
  const dialog = useRef<HTMLDialogElement>(null);
  const close = () => dialog.current?.close();
  return (
    <>
      <Button
        look="icon"
        aria-label={t.room.leave}
        title={t.room.leave}
        onClick={() => dialog.current?.showModal()}
        data-testid="leave-room"
      >
        <Icon name="leave" />
      </Button>
      <dialog
        ref={dialog}
        className={styles['dialog']}
        aria-labelledby="leave-title"
        data-testid="leave-dialog"
      >
        <h2 id="leave-title">{t.room.leaveTitle(name)}</h2>
        <p>{t.room.leaveText}</p>
        <div className={styles['actions']}>
          <Button look="quiet" onClick={close} autoFocus data-testid="leave-cancel">
            {t.room.stay}
          </Button>
          <Button look="primary" onClick={onLeave} data-testid="leave-confirm">
            {t.room.leave}
          </Button>
        </div>
      </dialog>
    </>
  );
}
