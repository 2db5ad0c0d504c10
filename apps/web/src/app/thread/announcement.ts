import { announcementStyles, codePointLength, Op, type Entry } from '@parley/protocol';
import type { Texts } from '../i18n/en.js';

/** What is said, and of which entries: when one of them is deleted, nothing is said any more. */
export interface Said {
  readonly text: string;
  readonly seqs: readonly number[];
}

/** What has been announced: messages up to a seq, at a time of `performance.now`. */
export interface Announced {
  upTo: number;
  atMs: number;
}

/** A longer text is cut, code points: it can be read in the list. */
const mostSaid = 200;

const shortened = (text: string): string =>
  codePointLength(text) <= mostSaid ? text : `${[...text].slice(0, mostSaid).join('')}…`;

/** A host's announcement: not to be missed among what others write. */
export const isAnnouncement = ({ op, msg }: Entry): boolean => op === Op.event && Boolean(msg);

function styleOf(entry: Entry): (typeof announcementStyles)[number] {
  const style = 'style' in entry ? entry.style : undefined;
  return announcementStyles.find((known) => known === style) ?? 'announcement';
}

/**
 * What others have written after a seq, in words for listening; undefined when there is nothing. Announcements come first, and
 * each of them is said.
 *
 * @param messages - Ascending by seq.
 */
export function announcementOf(
  messages: readonly Entry[],
  upTo: number,
  me: number,
  t: Pick<Texts, 'announcement' | 'events'>,
): Said | undefined {
  const fresh = messages.filter(
    ({ seq, fromUserId, msg }) => seq > upTo && fromUserId !== me && Boolean(msg),
  );
  const announced = fresh.filter(isAnnouncement);
  const written = fresh.filter((entry) => !isAnnouncement(entry));
  const last = written.at(-1);
  const parts = announced.map((entry) =>
    t.announcement.message(t.events.style[styleOf(entry)], shortened(entry.msg ?? '')),
  );
  if (last) {
    const said = t.announcement.message(last.fromUserName, shortened(last.msg ?? ''));
    parts.push(written.length === 1 ? said : t.announcement.several(written.length, said));
  }
  if (parts.length === 0) return undefined;
  return { text: parts.join('\n'), seqs: [...announced, ...(last ? [last] : [])].map(({ seq }) => seq) };
}
