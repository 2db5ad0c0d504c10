import { formatFull, formatMoment } from '../../text/dates.js';
import type { EventRow } from '../../timeline/event-rows.js';
import { eventText } from '../event-lines.js';
import styles from '../event-row.module.css';
import { element } from './element.js';
import type { Look } from './look.js';
import { textElement } from './text.js';
import { timeElement } from './time.js';
import { tombstone } from './tombstone.js';
import type { View } from './views.js';

/** Something that was done to the room: a quiet line, or an announcement. */
export class EventView implements View<EventRow> {
  element: HTMLLIElement;

  constructor(row: EventRow, look: Look) {
    this.element = elementOf(row, look);
  }

  update(row: EventRow, look: Look): void {
    const element = elementOf(row, look);
    this.element.replaceWith(element);
    this.element = element;
  }
}

function elementOf(row: EventRow, look: Look): HTMLLIElement {
  const { event, atMs, deleted, seq } = row;
  const { t, language } = look;
  if (event.kind !== 'announcement')
    return element(
      'li',
      {
        class: styles['line'],
        'data-kind': event.kind,
        'data-seq': seq,
        'data-testid': 'event-line',
        title: formatFull(language, atMs),
      },
      eventText(row, t.events, (ms) => formatMoment(language, ms, atMs)),
    );
  const label = `${t.events.style[event.style]} `;
  return element(
    'li',
    {
      class: styles['announcement'],
      'data-style': event.style,
      'data-seq': seq,
      'data-testid': 'announcement',
    },
    element('p', { class: styles['label'] }, label, timeElement(atMs, look, styles['time'])),
    deleted || !event.msg ? tombstone(deleted, look) : textElement(event.msg, look),
  );
}
