import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { Button } from '../components/button.js';
import { ErrorNote } from '../components/error-note.js';
import { Icon } from '../components/icon.js';
import { unreadCount } from '../chat/reading/unread.js';
import type { Thread } from '../chat/threads/thread.js';
import { parseKey, type ThreadKey } from '../chat/threads/thread-key.js';
import { HostPeople } from '../hosting/author-name.js';
import { MessageTools } from '../hosting/message-tools.js';
import { useErrorText, useTexts } from '../i18n/texts.js';
import { useChat, useChatState } from '../site/site-context.js';
import { useToday } from '../use-today.js';
import { buildRows } from '../timeline/rows.js';
import { isAtEnd } from '../timeline/timeline.js';
import { usePageVisible } from '../use-browser-state.js';
import { Announcer } from './announcer.js';
import styles from './message-list.module.css';
import { MessageRows } from './message-rows.js';
import { ScrollKeeper } from './scroll-keeper.js';

/** The next page is asked for when its end is this close, pixels: about a screen ahead of the reader. */
const loadAheadPx = 600;

/** The button that was pressed goes away: the focus must not go with it. */
const focusComposer = () => document.getElementById('composer')?.focus();

/** The messages of one thread that is ready. Mounted anew for every thread. */
export function MessageList({
  threadKey,
  thread,
}: {
  readonly threadKey: ThreadKey;
  readonly thread: Thread;
}) {
  const t = useTexts();
  const errorText = useErrorText();
  const chat = useChat();
  const { drafts } = chat;
  const roles = useChatState((state) =>
    thread.roomId === undefined ? undefined : state.roomStates.get(thread.roomId)?.roles,
  );
  const todayMs = useToday();
  const isVisible = usePageVisible();
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const keeper = useRef<ScrollKeeper>(null);
  const lastSend = useRef<string>(undefined);
  const { timeline, unreadAfter, older, newer } = thread;
  // Where it begins is seen below. Until then what is new is not read.
  const [isAtBottom, setAtBottom] = useState(unreadAfter === undefined);
  const hasAll = isAtEnd(timeline);
  const { kind, id } = parseKey(threadKey);
  const roomId = kind === 'room' ? id : undefined;
  const hasComposer = thread.phase !== 'missing';

  const rows = useMemo(() => buildRows(timeline, chat.me, unreadAfter), [timeline, chat.me, unreadAfter]);
  const actions = useMemo(
    () => ({
      retry: (bubble: { clientMsgId: string }) => {
        chat.sendAgain(bubble.clientMsgId);
        focusComposer();
      },
      // Without a composer there is nowhere to put it.
      edit: hasComposer
        ? (bubble: { clientMsgId: string; text: string }) => {
            drafts.putBack(threadKey, bubble.text);
            chat.discard(bubble.clientMsgId);
            focusComposer();
          }
        : undefined,
      discard: (bubble: { clientMsgId: string }) => {
        chat.discard(bubble.clientMsgId);
        focusComposer();
      },
    }),
    [chat, drafts, threadKey, hasComposer],
  );

  /** Looks where the reader is, and loads what they are about to see. */
  const look = useCallback(() => {
    const kept = keeper.current;
    if (!kept) return;
    setAtBottom(kept.isAtEnd);
    if (kept.element.scrollTop < loadAheadPx && older === 'idle') chat.loadOlder(threadKey);
    if (kept.distanceToEndPx < loadAheadPx && newer === 'idle' && !hasAll) chat.loadNewer(threadKey);
  }, [chat, threadKey, older, newer, hasAll]);

  useLayoutEffect(() => {
    if (!scroller.current || !content.current) return;
    keeper.current = new ScrollKeeper(scroller.current, content.current);
    const unread = scroller.current.querySelector('[data-unread]');
    if (!unread || !keeper.current.toElement(unread)) keeper.current.toEnd();
    setAtBottom(keeper.current.isAtEnd);
  }, []);

  useLayoutEffect(() => {
    const newest = timeline.outgoing.at(-1)?.clientMsgId;
    // Who sends wants to see it, wherever they were.
    if (newest !== undefined && newest !== lastSend.current) keeper.current?.toEnd();
    lastSend.current = newest;
    keeper.current?.settle();
  }, [rows, timeline.outgoing]);

  // Sizes change without a render, too: the phone's keyboard opens, the composer grows, a font arrives.
  useEffect(() => {
    if (!scroller.current || !content.current) return;
    const observer = new ResizeObserver(() => {
      keeper.current?.settle();
      look();
    });
    observer.observe(scroller.current);
    observer.observe(content.current);
    return () => observer.disconnect();
  }, [look]);

  useEffect(() => {
    chat.setReading(threadKey, isAtBottom && isVisible);
    return () => chat.setReading(threadKey, undefined);
  }, [chat, threadKey, isAtBottom, isVisible]);

  const onScroll = () => {
    keeper.current?.scrolled(hasAll);
    look();
  };
  const toLatest = () => {
    keeper.current?.toEnd();
    setAtBottom(true);
    scroller.current?.focus({ preventScroll: true });
    if (!hasAll) chat.loadLatest(threadKey);
  };
  const newCount = unreadAfter === undefined ? 0 : unreadCount(thread);

  return (
    <div className={styles['frame']}>
      <Announcer messages={timeline.messages} me={chat.me.userId} />
      <div
        ref={scroller}
        className={styles['scroller']}
        onScroll={onScroll}
        onClickCapture={({ target }) => {
          if (target instanceof Element && target.closest('[data-unfolds]')) keeper.current?.hold();
        }}
        // A scrollable region must be reachable by keyboard.
        tabIndex={0}
        // No log: that would be read aloud as it is paged through. The announcer says what comes.
        role="region"
        aria-label={t.room.messages}
        aria-busy={older === 'loading' || newer === 'loading'}
        id="messages"
        data-testid="message-list"
      >
        <div ref={content} className={styles['content']}>
          {timeline.reachedStart && rows.length > 0 && <p className={styles['note']}>{t.room.start}</p>}
          {older === 'loading' && <p className={styles['note']}>{t.room.loadingOlder}</p>}
          {older === 'failed' && (
            <ErrorNote text={`${t.room.olderFailed} ${errorText(thread.errorCode ?? 'INTERNAL')}`}>
              <Button look="quiet" onClick={() => chat.loadOlder(threadKey)}>
                {t.app.retry}
              </Button>
            </ErrorNote>
          )}
          <HostPeople roomId={roomId}>
            <MessageRows rows={rows} roles={roles} todayMs={todayMs} actions={actions} />
          </HostPeople>
          {newer === 'failed' && (
            <ErrorNote text={`${t.room.historyFailed} ${errorText(thread.errorCode ?? 'INTERNAL')}`}>
              <Button look="quiet" onClick={() => chat.loadNewer(threadKey)}>
                {t.app.retry}
              </Button>
            </ErrorNote>
          )}
          {thread.hasBroken && <p className={styles['note']}>{t.notice.epoch}</p>}
        </div>
      </div>
      {roomId !== undefined && <MessageTools roomId={roomId} list={scroller} />}
      {!isAtBottom && (
        <div className={styles['jump']}>
          <Button
            look="quiet"
            onClick={toLatest}
            // It lies over the list, not in it: the wheel would stop here.
            onWheel={(event) => scroller.current?.scrollBy({ top: event.deltaY })}
            data-testid="jump-to-latest"
          >
            <Icon name="down" size={18} />
            {newCount > 0 ? t.room.newCount(newCount) : t.room.toLatest}
          </Button>
        </div>
      )}
    </div>
  );
}
