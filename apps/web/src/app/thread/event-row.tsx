import { memo } from 'react';
import { useLanguage, useTexts } from '../i18n/texts.js';
import { formatFull, formatMoment, formatTime } from '../text/dates.js';
import type { EventRow } from '../timeline/event-rows.js';
import { eventText } from './event-lines.js';
import styles from './event-row.module.css';
import { MessageText } from './message-text.js';
import { Tombstone } from './tombstone.js';

/** Something that was done to the room: a quiet line, or an announcement. */
export const EventLine = memo(function EventLine({ row }: { readonly row: EventRow }) {
  const t = useTexts();
  const language = useLanguage();
  const { event, atMs, deleted } = row;
  if (event.kind === 'announcement') {
    return (
      <li
        className={styles['announcement']}
        data-style={event.style}
        data-seq={row.seq}
        data-testid="announcement"
      >
        <p className={styles['label']}>
          {t.events.style[event.style]} <Time atMs={atMs} />
        </p>
        {deleted || !event.msg ? <Tombstone deleted={deleted} /> : <MessageText text={event.msg} />}
      </li>
    );
  }
  return (
    <li
      className={styles['line']}
      data-kind={event.kind}
      data-seq={row.seq}
      data-testid="event-line"
      title={formatFull(language, atMs)}
    >
      {eventText(row, t.events, (ms) => formatMoment(language, ms, atMs))}
    </li>
  );
});

function Time({ atMs }: { readonly atMs: number }) {
  const language = useLanguage();
  return (
    <time
      className={styles['time']}
      dateTime={new Date(atMs).toISOString()}
      title={formatFull(language, atMs)}
    >
      {formatTime(language, atMs)}
    </time>
  );
}
