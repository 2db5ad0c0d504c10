import { formatDay } from '../../text/dates.js';
import type { Block } from '../../timeline/blocks.js';
import type { Row } from '../../timeline/rows.js';
import list from '../message-list.module.css';
import { element } from './element.js';
import { EventView } from './event-view.js';
import { GroupView } from './group-view.js';
import type { Look } from './look.js';
import { Views, type View } from './views.js';

type Day = Extract<Row, { kind: 'day' }>;

class DayView implements View<Day> {
  readonly element = element('li', { class: list['day'] });

  constructor(row: Day, look: Look) {
    this.update(row, look);
  }

  update({ dayMs }: Day, { language, t, todayMs }: Look): void {
    this.element.textContent = formatDay(language, t.day, dayMs, todayMs);
  }
}

class UnreadView implements View<Row> {
  readonly #text = element('span', {});
  readonly element = element(
    'li',
    { class: list['unread'], 'data-unread': '', 'data-testid': 'unread-divider' },
    this.#text,
  );

  constructor(row: Row, look: Look) {
    this.update(row, look);
  }

  update(_row: Row, { t }: Look): void {
    this.#text.textContent = t.room.newMessages;
  }
}

/** Keys begin with the kind of row: a view only ever has rows of the one that it was made for. */
function viewOf(row: Row, look: Look): View<Row> {
  switch (row.kind) {
    case 'day':
      return new DayView(row, look) as View<Row>;
    case 'unread':
      return new UnreadView(row, look);
    case 'event':
      return new EventView(row, look) as View<Row>;
    case 'group':
      return new GroupView(row, look) as View<Row>;
  }
}

/** Neighbours that stay as they are while others come. */
export class BlockView implements View<Block> {
  readonly element = element('ol', { class: list['block'] });
  readonly #rows = new Views<Row>(this.element, viewOf);

  constructor(block: Block, look: Look) {
    this.update(block, look);
  }

  update({ rows }: Block, look: Look): void {
    this.#rows.update(rows, look);
  }
}
