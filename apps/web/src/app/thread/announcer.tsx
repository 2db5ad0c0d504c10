import { useEffect, useRef, useState } from 'react';
import { useTexts } from '../i18n/texts.js';
import type { Entry } from '@parley/protocol';
import { announcementOf, type Announced } from './announcement.js';

/** Least time between two announcements, milliseconds: a screen reader needs it to say one. Chosen by judgement. */
const intervalMs = 3_000;

/**
 * Says to screen readers what others write while it is on the screen: the one live region of a thread, in which the
 * newest messages are said and many at once are counted. Reading upwards in the list says nothing.
 *
 * @param messages - Those shown, ascending by seq.
 */
export function Announcer(props: { readonly messages: readonly Entry[]; readonly me: number }) {
  const { messages, me } = props;
  const t = useTexts();
  const [said, setSaid] = useState('');
  const newest = messages.at(-1)?.seq ?? 0;
  const state = useRef<Announced>({ upTo: newest, atMs: -Infinity });
  const latest = useRef({ messages, me, t });

  useEffect(() => {
    latest.current = { messages, me, t };
  });
  useEffect(() => {
    const { upTo, atMs } = state.current;
    if (newest <= upTo) return;
    const timer = setTimeout(
      () => {
        const now = latest.current;
        setSaid(announcementOf(now.messages, state.current.upTo, now.me, now.t.announcement));
        state.current = { upTo: now.messages.at(-1)?.seq ?? upTo, atMs: performance.now() };
      },
      Math.max(0, atMs + intervalMs - performance.now()),
    );
    return () => clearTimeout(timer);
  }, [newest]);

  return (
    <p className="visually-hidden" role="status" aria-live="polite" data-testid="announcer">
      {said}
    </p>
  );
}
