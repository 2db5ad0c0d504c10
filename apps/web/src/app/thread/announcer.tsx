import { useEffect, useRef, useState } from 'react';
import { useTexts } from '../i18n/texts.js';
import type { Entry } from '@parley/protocol';
import { announcementOf, isAnnouncement, type Announced, type Said } from './announcement.js';

/** Least time between two announcements, milliseconds: a screen reader needs it to say one. Chosen by judgement. */
const intervalMs = 3_000;

/**
 * Says to screen readers what others write while it is on the screen: the one live region of a thread, in which the
 * newest messages are said and many at once are counted; announcements wait for nothing. Reading upwards in the list says nothing.
 *
 * @param messages - Those shown, ascending by seq.
 */
export function Announcer(props: { readonly messages: readonly Entry[]; readonly me: number }) {
  const { messages, me } = props;
  const t = useTexts();
  const [said, setSaid] = useState<Said>();
  const newest = messages.at(-1)?.seq ?? 0;
  const isDeleted = said?.seqs.some((seq) => messages.find((entry) => entry.seq === seq)?.deleted);
  const state = useRef<Announced>({ upTo: newest, atMs: -Infinity });
  const latest = useRef({ messages, me, t });

  useEffect(() => {
    latest.current = { messages, me, t };
  });
  useEffect(() => {
    const { upTo, atMs } = state.current;
    if (newest <= upTo) return;
    const hasAnnouncement = latest.current.messages.some(
      (entry) => entry.seq > upTo && isAnnouncement(entry),
    );
    const timer = setTimeout(
      () => {
        const now = latest.current;
        const next = announcementOf(now.messages, state.current.upTo, now.me, now.t);
        if (next) setSaid(next);
        state.current = { upTo: now.messages.at(-1)?.seq ?? upTo, atMs: performance.now() };
      },
      hasAnnouncement ? 0 : Math.max(0, atMs + intervalMs - performance.now()),
    );
    return () => clearTimeout(timer);
  }, [newest]);

  return (
    <p className="visually-hidden" role="status" aria-live="polite" data-testid="announcer">
      {isDeleted ? '' : said?.text}
    </p>
  );
}
