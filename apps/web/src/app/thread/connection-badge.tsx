import { useSyncExternalStore } from 'react';
import { useTexts } from '../i18n/texts.js';
import { useChatState } from '../site/site-context.js';
import styles from './connection-badge.module.css';

function everySecond(listener: () => void): () => void {
  const timer = setInterval(listener, 1_000);
  return () => clearInterval(timer);
}

/** Whole seconds until an instant, at least 1: "in 0 s" is no news. */
function Countdown({ toMs }: { readonly toMs: number }) {
  const t = useTexts();
  const seconds = useSyncExternalStore(everySecond, () =>
    Math.max(1, Math.ceil((toMs - performance.now()) / 1_000)),
  );
  return t.connection.reconnectingIn(seconds);
}

/** The state of the connection, in a word. Screen readers say its changes when they have a moment, not every second. */
export function ConnectionBadge() {
  const t = useTexts();
  const { status, retryAtMs } = useChatState((state) => state.connection);
  return (
    <span className={styles['badge']} data-testid="connection-state" data-state={status}>
      <span className={styles['dot']} />
      <span aria-hidden="true">
        {status === 'reconnecting' && retryAtMs !== undefined ? (
          <Countdown toMs={retryAtMs} />
        ) : (
          t.connection[status]
        )}
      </span>
      <span className="visually-hidden" role="status" aria-live="polite">
        {t.connection[status]}
      </span>
    </span>
  );
}

/** Says that nothing is lost, while there is no connection. */
export function OfflineBanner() {
  const t = useTexts();
  const status = useChatState((state) => state.connection.status);
  const isDurable = useChatState((state) => state.outbox.isDurable);
  if (status === 'online' || status === 'connecting') return null;
  return (
    <p className={styles['banner']} data-testid="offline-banner">
      {isDurable ? t.connection.offlineHint : t.connection.unkeptHint}
    </p>
  );
}
