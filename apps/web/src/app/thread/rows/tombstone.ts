import type { Deleted } from '@parley/protocol';
import events from '../event-row.module.css';
import { element } from './element.js';
import type { Look } from './look.js';

/** In the place of a text that has been deleted. */
export function tombstone(deleted: Deleted | undefined, { t }: Look): HTMLElement {
  const { by, reason } = deleted ?? {};
  const said = by === 'moderator' ? t.message.deletedByModerator : t.message.deleted;
  const why = reason === undefined ? '' : ` · ${t.events.reason(reason)}`;
  return element('span', { class: events['tombstone'], 'data-testid': 'tombstone' }, said + why);
}
