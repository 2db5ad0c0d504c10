import { useEffect, useState } from 'react';
import { threadOf } from '../chat/threads/chat-state.js';
import type { ThreadKey } from '../chat/threads/thread-key.js';
import { Button } from '../components/button.js';
import { useTexts } from '../i18n/texts.js';
import { useChat, useChatState } from '../site/site-context.js';
import styles from './connection-badge.module.css';

/** A send without an answer for so long is spoken of, milliseconds. */
const slowAfterMs = 5_000;

/** Above the composer: what becomes of what is written while something is wrong; nothing while all is well. */
export function ConnectionNotice({ threadKey }: { readonly threadKey: ThreadKey }) {
  const t = useTexts();
  const chat = useChat();
  const status = useChatState((state) => state.connection.status);
  const isDurable = useChatState((state) => state.outbox.isDurable);
  const waiting = useChatState((state) =>
    threadOf(state, threadKey).timeline.outgoing.find((send) => send.status === 'pending'),
  );
  const isSlow = useIsSlow(status === 'online' ? waiting?.clientMsgId : undefined);
  if (status === 'connecting') return null;
  if (status === 'online') {
    return isSlow ? (
      <p className={styles['banner']} role="status" data-testid="waiting-for-server">
        {t.connection.waiting}
      </p>
    ) : null;
  }
  return (
    <div className={styles['banner']} data-testid="offline-banner">
      <span key={String(isDurable)}>{isDurable ? t.connection.offlineHint : t.connection.unkeptHint}</span>{' '}
      {status === 'reconnecting' && (
        <Button look="text" onClick={() => chat.reconnectNow()} data-testid="reconnect-now">
          {t.connection.retryNow}
        </Button>
      )}
    </div>
  );
}

/** Whether the same send has been the first in line for {@link slowAfterMs}. */
function useIsSlow(clientMsgId: string | undefined): boolean {
  const [slow, setSlow] = useState<string>();
  useEffect(() => {
    if (clientMsgId === undefined) return;
    const timer = setTimeout(() => setSlow(clientMsgId), slowAfterMs);
    return () => clearTimeout(timer);
  }, [clientMsgId]);
  return clientMsgId !== undefined && slow === clientMsgId;
}
