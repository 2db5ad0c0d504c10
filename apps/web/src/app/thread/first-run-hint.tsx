import { threadOf } from '../chat/threads/chat-state.js';
import { parseKey, type ThreadKey } from '../chat/threads/thread-key.js';
import { useTexts } from '../i18n/texts.js';
import { secondWindow } from '../site/second-window.js';
import { useChat, useChatState, useDemo } from '../site/site-context.js';
import styles from './connection-badge.module.css';

/** For whoever tries Parley out alone, in a room where nobody else has ever been: how to have somebody to talk with. */
export function FirstRunHint({ threadKey }: { readonly threadKey: ThreadKey }) {
  const t = useTexts();
  const demo = useDemo();
  const { me } = useChat();
  const { kind, id } = parseKey(threadKey);
  const isAlone = useChatState((state) => {
    if (kind !== 'room' || state.present.get(id)?.count !== 1) return false;
    const { phase, timeline } = threadOf(state, threadKey);
    const isOwn = timeline.messages.every(({ fromUserId }) => fromUserId === me.userId);
    return phase === 'ready' && timeline.reachedStart && isOwn;
  });
  const second = demo && secondWindow(window.location);
  if (!isAlone || second === undefined) return null;
  return (
    <p className={styles['hint']} data-testid="first-run-hint">
      {t.firstRun.alone}{' '}
      <a href={second} target="_blank" rel="noopener">
        {t.firstRun.second}
      </a>
    </p>
  );
}
