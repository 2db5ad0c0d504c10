import { threadOf } from '../chat/threads/chat-state.js';
import { parseKey, type ThreadKey } from '../chat/threads/thread-key.js';
import { Button } from '../components/button.js';
import { Empty } from '../components/empty.js';
import { ErrorNote } from '../components/error-note.js';
import { Pane } from '../components/pane.js';
import { MessagesSkeleton } from '../components/skeleton.js';
import { useErrorText, useTexts } from '../i18n/texts.js';
import { Link } from '../routing/link.js';
import { firstRoomId } from '../routing/route.js';
import { useChat, useChatState } from '../site/site-context.js';
import { Announcer } from './announcer.js';
import { Composer } from './composer.js';
import { ConnectionNotice } from './connection-notice.js';
import { FirstRunHint } from './first-run-hint.js';
import { MessageList } from './message-list.js';
import { PinsBar } from './pins-bar.js';
import { PutOutNotice } from './put-out-notice.js';
import styles from './thread-view.module.css';
import { UnreadBar } from './unread-bar.js';

/** Messages and composer of a thread, or why there are none. */
export function ThreadBody(props: { readonly threadKey: ThreadKey; readonly name: string }) {
  const { threadKey, name } = props;
  const t = useTexts();
  const isRoom = parseKey(threadKey).kind === 'room';
  const isMissing = useChatState((state) => threadOf(state, threadKey).phase === 'missing');
  const putOut = useChatState((state) => threadOf(state, threadKey).putOut);
  if (isMissing) {
    return (
      <div className={styles['body']} data-testid="thread-missing">
        {putOut ? (
          <PutOutNotice threadKey={threadKey} name={name} putOut={putOut} />
        ) : (
          <Empty icon="hash" {...(isRoom ? t.room.missing : t.room.nobody)}>
            <Link to={{ page: 'room', roomId: firstRoomId }}>{t.room.toFirst}</Link>
          </Empty>
        )}
        <Unsent key={threadKey} threadKey={threadKey} />
      </div>
    );
  }
  return (
    <div className={styles['body']}>
      <Pane>
        <PinsBar key={`pins:${threadKey}`} threadKey={threadKey} />
        <UnreadBar key={`unread:${threadKey}`} threadKey={threadKey} />
        <Messages key={threadKey} {...props} />
      </Pane>
      <Pane>
        <FirstRunHint threadKey={threadKey} />
        <ConnectionNotice threadKey={threadKey} />
        <Composer key={`composer:${threadKey}`} threadKey={threadKey} name={name} />
      </Pane>
    </div>
  );
}

/** What was written for a room that is gone: it can still be copied. */
function Unsent({ threadKey }: { readonly threadKey: ThreadKey }) {
  const isAny = useChatState((state) => threadOf(state, threadKey).timeline.outgoing.length > 0);
  return isAny && <MessageList threadKey={threadKey} />;
}

function Messages(props: { readonly threadKey: ThreadKey; readonly name: string }) {
  const { threadKey } = props;
  const phase = useChatState((state) => threadOf(state, threadKey).phase);
  // Where the reader left off is said as a thread is opened: a list that came before stood at its end, and all was read.
  const isOpen = useChatState((state) => state.active === threadKey);
  const place = useChatState((state) => threadOf(state, threadKey).place);
  const errorCode = useChatState((state) => threadOf(state, threadKey).errorCode);
  const isSending = useChatState((state) => threadOf(state, threadKey).timeline.outgoing.length > 0);
  const hasMessages = useChatState((state) => threadOf(state, threadKey).timeline.messages.length > 0);
  const t = useTexts();
  const errorText = useErrorText();
  const chat = useChat();
  const list = isOpen && (isSending || hasMessages) && <MessageList key={place} threadKey={threadKey} />;
  if (phase === 'failed') {
    return (
      <>
        <div className={styles['failed']}>
          <ErrorNote text={`${t.room.historyFailed} ${errorText(errorCode ?? 'INTERNAL')}`}>
            <Button look="quiet" onClick={() => chat.loadLatest(threadKey)}>
              {t.app.retry}
            </Button>
          </ErrorNote>
        </div>
        {list}
      </>
    );
  }
  if (phase !== 'ready') return isSending ? list : <MessagesSkeleton label={t.app.loading} />;
  return (
    <>
      {/* Not with the list: the first message of an empty room is said, too. */}
      <Announcer threadKey={threadKey} />
      {list || (isOpen && <NothingYet {...props} />)}
    </>
  );
}

function NothingYet({ threadKey, name }: { readonly threadKey: ThreadKey; readonly name: string }) {
  const t = useTexts();
  return parseKey(threadKey).kind === 'user' ? (
    <Empty icon="people" title={t.room.emptyDirectTitle(name)} text={t.room.emptyDirect} />
  ) : (
    <Empty icon="hash" title={t.room.emptyTitle} text={t.room.empty} />
  );
}
