import type { Members } from '@parley/protocol';
import { useSyncExternalStore } from 'react';
import { everySecond } from '../every-second.js';
import { useTexts } from '../i18n/texts.js';
import { useChatState } from '../site/site-context.js';
import styles from './connection-badge.module.css';

/** Whole seconds until an instant, at least 1: "in 0 s" is no news. */
function Countdown({ toMs }: { readonly toMs: number }) {
  const t = useTexts();
  const seconds = useSyncExternalStore(everySecond, () =>
    Math.max(1, Math.ceil((toMs - performance.now()) / 1_000)),
  );
  return t.connection.reconnectingIn(seconds);
}

/**
 * What is wrong with the connection, in a word; nothing while all is well. Screen readers say its changes when they have a
 * moment, not every second.
 */
export function ConnectionBadge() {
  const t = useTexts();
  const { status, retryAtMs } = useChatState((state) => state.connection);
  const isWell = status === 'online';
  return (
    <span className={styles['badge']} data-state={status}>
      {!isWell && <span className={styles['dot']} />}
      {!isWell && (
        <span key={status} aria-hidden="true" translate="no">
          {status === 'reconnecting' && retryAtMs !== undefined ? (
            <Countdown toMs={retryAtMs} />
          ) : (
            t.connection[status]
          )}
        </span>
      )}
      <span className="visually-hidden" role="status" aria-live="polite">
        <span key={status}>{isWell ? '' : t.connection[status]}</span>
      </span>
    </span>
  );
}

/** In a conversation: whether the other one is there. Nothing while that is not known. */
export function PeerPresence({
  userId,
  roomId,
}: {
  readonly userId: number;
  readonly roomId: number | undefined;
}) {
  const t = useTexts();
  const isKnown = useChatState((state) => state.connection.status === 'online');
  const isThere = useChatState((state) => {
    const isIn = ({ members }: Members) => members.some((member) => member.userId === userId);
    const present = roomId === undefined ? undefined : state.present.get(roomId);
    if (present) return isIn(present);
    // Before anything was said to each other.
    if (state.peer?.userId === userId) return state.peer.isThere;
    return [...state.present.values()].some(isIn) || undefined;
  });
  if (!isKnown || isThere === undefined) return null;
  const presence = isThere ? 'online' : 'offline';
  return (
    <span className={styles['badge']} data-testid="peer-presence" data-presence={presence} translate="no">
      <span className={styles['dot']} />
      <span key={presence}>{t.room.presence[presence]}</span>
    </span>
  );
}
