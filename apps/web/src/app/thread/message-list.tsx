import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { beforePaint } from '../before-paint.js';
import { Button } from '../components/button.js';
import { ErrorNote } from '../components/error-note.js';
import { Icon } from '../components/icon.js';
import { hasUnreadAbove, unreadCount } from '../chat/reading/unread.js';
import { threadOf, type ChatState } from '../chat/threads/chat-state.js';
import type { Thread } from '../chat/threads/thread.js';
import { parseKey, type ThreadKey } from '../chat/threads/thread-key.js';
import { MessageTools } from '../hosting/message-tools.js';
import { useErrorText, useTexts } from '../i18n/texts.js';
import { useChat, useChatState } from '../site/site-context.js';
import { isAtEnd, type Timeline } from '../timeline/timeline.js';
import { usePageVisible } from '../use-browser-state.js';
import styles from './message-list.module.css';
import { MessageRows } from './message-rows.js';
import { ScrollKeeper } from './scroll-keeper.js';
import { scrollMessages } from './scroll-messages.js';

/** The next page is asked for when its end is this close, pixels: about a screen ahead of the reader. */
const loadAheadPx = 600;

/** The messages of one thread that is ready. Mounted anew for every thread. A message renders nothing here. */
export function MessageList({ threadKey }: { readonly threadKey: ThreadKey }) {
  const t = useTexts();
  const errorText = useErrorText();
  const chat = useChat();
  const isVisible = usePageVisible();
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const rows = useRef<HTMLDivElement>(null);
  const keeper = useRef<ScrollKeeper>(null);
  const lastSend = useRef<string>(undefined);
  /** The reader was led to the line above what is new, where more of that is further up than what is loaded. */
  const isLed = useRef(false);
  const of =
    <T,>(select: (thread: Thread) => T) =>
    (state: ChatState) =>
      select(threadOf(state, threadKey));
  const older = useChatState(of((thread) => thread.older));
  const newer = useChatState(of((thread) => thread.newer));
  const errorCode = useChatState(of((thread) => thread.errorCode));
  const hasBroken = useChatState(of((thread) => thread.hasBroken));
  const hasComposer = useChatState(of((thread) => thread.phase !== 'missing'));
  const hasAll = useChatState(of((thread) => isAtEnd(thread.timeline)));
  const reachedStart = useChatState(of((thread) => thread.timeline.reachedStart));
  const hasUnread = useChatState(of((thread) => thread.unreadAfter !== undefined));
  // Where it begins is seen below. Until then what is new is not read.
  const [isAtBottom, setAtBottom] = useState(!hasUnread);
  const newCount = useChatState(of((thread) => (!isAtBottom && hasUnread ? unreadCount(thread) : 0)));
  const { kind, id } = parseKey(threadKey);
  const roomId = kind === 'room' ? id : undefined;

  /** Looks where the reader is, and loads what they are about to see. */
  const look = useCallback(() => {
    const kept = keeper.current;
    if (!kept || kept.isPrinting) return;
    setAtBottom(kept.isAtEnd);
    if (older === 'idle' && kept.element.scrollTop < loadAheadPx) chat.loadOlder(threadKey);
    if (!hasAll && newer === 'idle' && kept.distanceToEndPx < loadAheadPx) chat.loadNewer(threadKey);
  }, [chat, threadKey, older, newer, hasAll]);

  useLayoutEffect(() => {
    if (!scroller.current || !rows.current) return;
    keeper.current = new ScrollKeeper(scroller.current, rows.current);
    const unread = scroller.current.querySelector('[data-unread]');
    const isSending = lastSend.current !== undefined;
    if (isSending || !unread || !keeper.current.toElement(unread)) keeper.current.toEnd();
    else isLed.current = hasUnreadAbove(threadOf(chat.shown.get(), threadKey));
    setAtBottom(keeper.current.isAtEnd);
  }, [chat, threadKey]);

  const onShown = ({ outgoing }: Timeline) => {
    const newest = outgoing.at(-1)?.clientMsgId;
    const line = scroller.current?.querySelector('[data-unread]');
    // The page before brought the first of it: the line went up there, out of sight, and who has not moved goes with it.
    if (line && isLed.current && !hasUnreadAbove(threadOf(chat.shown.get(), threadKey))) {
      isLed.current = false;
      keeper.current?.toElement(line);
    }
    // Who sends wants to see it, wherever they were.
    if (newest !== undefined && newest !== lastSend.current) keeper.current?.toEnd();
    else keeper.current?.settle();
    lastSend.current = newest;
  };

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
    const begin = () => keeper.current?.beginPrint();
    // By then it is laid out for the screen: when it is told, lines still break where they do on paper.
    const end = () =>
      beforePaint(() => {
        keeper.current?.endPrint();
        look();
      });
    const shown = new AbortController();
    const { signal } = shown;
    window.addEventListener('beforeprint', begin, { signal });
    window.addEventListener('afterprint', end, { signal });
    return () => shown.abort();
  }, [look]);

  useEffect(() => {
    chat.setReading(threadKey, isAtBottom && isVisible);
    return () => chat.setReading(threadKey, undefined);
  }, [chat, threadKey, isAtBottom, isVisible]);

  const onScroll = () => {
    if (keeper.current && !keeper.current.isInPlace) isLed.current = false;
    if (keeper.current?.scrolled(hasAll)) look();
  };
  const toLatest = () => {
    keeper.current?.toEnd();
    setAtBottom(true);
    scroller.current?.focus({ preventScroll: true });
    if (!hasAll) chat.loadLatest(threadKey);
  };

  return (
    <div className={styles['frame']} data-printed="">
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
          {reachedStart && <p className={styles['note']}>{t.room.start}</p>}
          {older === 'loading' && <p className={styles['note']}>{t.room.loadingOlder}</p>}
          {older === 'failed' && (
            <ErrorNote text={`${t.room.olderFailed} ${errorText(errorCode ?? 'INTERNAL')}`}>
              <Button look="quiet" onClick={() => chat.loadOlder(threadKey)}>
                {t.app.retry}
              </Button>
            </ErrorNote>
          )}
          <MessageRows ref={rows} threadKey={threadKey} hasComposer={hasComposer} onShown={onShown} />
          {newer === 'failed' && (
            <ErrorNote text={`${t.room.historyFailed} ${errorText(errorCode ?? 'INTERNAL')}`}>
              <Button look="quiet" onClick={() => chat.loadNewer(threadKey)}>
                {t.app.retry}
              </Button>
            </ErrorNote>
          )}
          {hasBroken && <p className={styles['note']}>{t.notice.epoch}</p>}
        </div>
      </div>
      {roomId !== undefined && <MessageTools roomId={roomId} list={scroller} />}
      {!isAtBottom && (
        <div className={styles['jump']}>
          <Button
            look="quiet"
            onClick={toLatest}
            // It lies over the list, not in it: the wheel would stop here.
            onWheel={({ deltaY }) => scrollMessages((list) => list.scrollBy({ top: deltaY }))}
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
