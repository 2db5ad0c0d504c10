import { Op, type Deleted, type MessageRange } from '@parley/protocol';
import { messageBody, messageJson } from './stream-entries.js';

/**
 * What an act says of the messages before it: that they are hidden, or shown again. A mark never changes a message; whoever
 * reads bodies puts a tombstone in the place of a hidden one. Of the marks that a message is in, the newest counts.
 */
export interface Mark {
  /** Of the act. It is only about messages below. */
  readonly seq: number;
  readonly range: MessageRange;
  readonly hidden: boolean;
  readonly by: Deleted['by'];
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly reason?: string;
  /** It takes one mark back instead of saying something of a range: that of this act. */
  readonly undoes?: number;
}

/** An entry as the readers of bodies have it. */
interface Body {
  readonly seq: number;
  readonly epoch: string;
  readonly body: string;
}

/** A mark as it is kept. */
export const markText = ({ seq: _, ...mark }: Mark): string => JSON.stringify(mark);

/** Reads what {@link markText} writes; undefined for anything else. */
export function parseMark(seq: number, text: string): Mark | undefined {
  try {
    return { ...(JSON.parse(text) as Omit<Mark, 'seq'>), seq };
  } catch {
    return undefined;
  }
}

/** The newest mark that a message is in, if any. @param marks - Ascending by seq. */
export function markOf(
  message: { readonly seq: number; readonly senderId: number },
  marks: readonly Mark[],
): Mark | undefined {
  const undone = new Set(marks.map(({ undoes }) => undoes));
  return [...marks]
    .reverse()
    .find((mark) => mark.undoes === undefined && !undone.has(mark.seq) && isIn(mark, message));
}

function isIn(
  { seq, range: { from, to, of, except } }: Mark,
  message: { readonly seq: number; readonly senderId: number },
): boolean {
  if (message.seq >= seq || message.seq < from || message.seq > (to ?? Infinity)) return false;
  if (of && !of.includes(message.senderId)) return false;
  return !except?.includes(message.senderId);
}

/** Whether any of the marks may be about this entry. Costs no parsing. */
const mayBeIn = (marks: readonly Mark[], seq: number): boolean =>
  marks.some((mark) => seq < mark.seq && seq >= mark.range.from && seq <= (mark.range.to ?? Infinity));

/**
 * Entries as a reader may have them: hidden ones without their text. What has no text, such as a silent act, stays.
 *
 * @param marks - Ascending by seq.
 */
export function withTombstones<E extends Body>(entries: readonly E[], marks: readonly Mark[]): E[] {
  if (marks.length === 0) return [...entries];
  return entries.map((entry) => (mayBeIn(marks, entry.seq) ? tombstoned(entry, marks) : entry));
}

function tombstoned<E extends Body>(entry: E, marks: readonly Mark[]): E {
  let message: Record<string, unknown>;
  try {
    message = JSON.parse(messageJson(entry)) as Record<string, unknown>;
  } catch {
    return entry;
  }
  if (typeof message['msg'] !== 'string') return entry;
  const mark = markOf({ seq: entry.seq, senderId: Number(message['fromUserId']) }, marks);
  return mark?.hidden ? { ...entry, body: tombstoneBody(message, mark) } : entry;
}

/** The body of a tombstone: the message's own, with `deleted` instead of the text. */
export function tombstoneBody(
  message: Readonly<Record<string, unknown>>,
  { by, at, reason }: Pick<Mark, 'by' | 'at' | 'reason'>,
): string {
  const { msg: _msg, seq: _seq, epoch: _epoch, ...rest } = message;
  return messageBody({ ...rest, deleted: { by, at, ...(reason !== undefined && { reason }) } });
}

const EVENT_HEAD = `{"code":0,"op":${Op.event},`;

/** Whether a body is an act's. Every body begins in the same way. */
export const isEventBody = (body: string): boolean => body.startsWith(EVENT_HEAD);

/** The delivered JSON of an event for a client that only knows gochat's opcodes: a message. */
export const asMessageText = (text: string): string =>
  `{"code":0,"op":${Op.room},${text.slice(EVENT_HEAD.length)}`;
