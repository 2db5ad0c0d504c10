import { useEffect, useRef, useState } from 'react';
import { useTexts } from '../i18n/texts.js';
import { threadOf } from '../chat/threads/chat-state.js';
import type { ThreadKey } from '../chat/threads/thread-key.js';
import { useChat, useChatState } from '../site/site-context.js';
import { announcementOf, isAnnouncement, type Announced, type Said } from './announcement.js';

/** Least time between two announcements, milliseconds: a screen reader needs it to say one. Chosen by judgement. */
const intervalMs = 3_000;

/**
 * Says to screen readers what others write while it is on the screen: the one live region of a thread, in which the
 * newest messages are said and many at once are counted; announcements wait for nothing. Reading upwards in the list says nothing.
 */
export function Announcer({ threadKey }: { readonly threadKey: ThreadKey }) {
  const t = useTexts();
  const chat = useChat();
  const [said, setSaid] = useState<Said>();
  const isDeleted = useChatState((state) => {
    const { messages } = threadOf(state, threadKey).timeline;
    return said?.seqs.some((seq) => messages.find((entry) => entry.seq === seq)?.deleted) ?? false;
  });
  const words = useRef(t);
  useEffect(() => {
    words.current = t;
  });

  useEffect(() => {
    const messages = () => threadOf(chat.shown.get(), threadKey).timeline.messages;
    const newest = () => messages().at(-1)?.seq ?? 0;
    const state: Announced = { upTo: newest(), atMs: -Infinity };
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isAtOnce = false;
    const announce = () => {
      timer = undefined;
      isAtOnce = false;
      const next = announcementOf(messages(), state.upTo, chat.me.userId, words.current);
      if (next) setSaid(next);
      state.upTo = Math.max(state.upTo, newest());
      state.atMs = performance.now();
    };
    /** Messages that were looked at wait in line: only what came since is looked at. */
    let seen = state.upTo;
    const stop = chat.shown.subscribe(() => {
      if (newest() <= seen) return;
      const hasAnnouncement = messages().some((entry) => entry.seq > seen && isAnnouncement(entry));
      seen = newest();
      if (isAtOnce || (timer !== undefined && !hasAnnouncement)) return;
      clearTimeout(timer);
      isAtOnce = hasAnnouncement;
      timer = setTimeout(announce, isAtOnce ? 0 : Math.max(0, state.atMs + intervalMs - performance.now()));
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [chat, threadKey]);

  return (
    <p className="visually-hidden" role="status" aria-live="polite" data-testid="announcer">
      {/* Anew for each: the same words as before would change nothing, and nobody would hear them. */}
      {said && !isDeleted && <span key={said.seqs.join()}>{said.text}</span>}
    </p>
  );
}
