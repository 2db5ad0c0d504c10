import { codePointLength, type Entry } from '@parley/protocol';
import type { Texts } from '../i18n/en.js';

/** What has been announced: messages up to a seq, at a time of `performance.now`. */
export interface Announced {
  readonly upTo: number;
  readonly atMs: number;
}

/** A longer text is cut, code points: it can be read in the list. */
const mostSaid = 200;

const shortened = (text: string): string =>
  codePointLength(text) <= mostSaid ? text : `${[...text].slice(0, mostSaid).join('')}…`;

/**
 * What others have written after a seq, in words for listening; empty when there is nothing.
 *
 * @param messages - Ascending by seq.
 */
export function announcementOf(
  messages: readonly Entry[],
  upTo: number,
  me: number,
  t: Texts['announcement'],
): string {
  const fresh = messages.filter(
    ({ seq, fromUserId, msg }) => seq > upTo && fromUserId !== me && msg !== undefined && msg !== '',
  );
  const last = fresh.at(-1);
  if (!last) return '';
  const said = t.message(last.fromUserName, shortened(last.msg ?? ''));
  return fresh.length === 1 ? said : t.several(fresh.length, said);
}
