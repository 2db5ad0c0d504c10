import type { LogEntry } from './room-store.js';

/** A message as it is in its room's log. `recipients`: the users of a conversation; absent for a room. */
export interface Hint extends LogEntry {
  readonly roomId: number;
  readonly recipients?: number[];
}

/** A direct message, to be hinted of. */
export type DirectHint = Omit<Hint, 'recipients'> & {
  readonly recipients: readonly number[];
  /** Of its acceptance, when that is traced: said in a {@link traceNote}. */
  readonly traceparent?: string;
};

const SEPARATOR = '|';

/** `<room>|<seq>|<epoch>|<recipients, comma separated>|<body>`; the accept script writes those of rooms by itself. */
export function hintText({ roomId, seq, epoch, recipients, body }: DirectHint): string {
  return [roomId, seq, epoch, recipients.join(','), body].join(SEPARATOR);
}

/**
 * Reads what {@link hintText} and the accept script write. Nothing of the body is looked at.
 *
 * @returns Undefined for what is none.
 */
export function parseHint(text: string): Hint | undefined {
  const fields: string[] = [];
  let start = 0;
  for (let i = 0; i < 4; i++) {
    const end = text.indexOf(SEPARATOR, start);
    if (end < 0) return undefined;
    fields.push(text.slice(start, end));
    start = end + 1;
  }
  const [roomId, seq] = fields.map(Number);
  const [, , epoch, to] = fields;
  const recipients = to ? to.split(',').map(Number) : undefined;
  const body = text.slice(start);
  if (!isPositive(roomId) || !isPositive(seq) || !epoch || !body.startsWith('{')) return undefined;
  if (recipients && !recipients.every(isPositive)) return undefined;
  return { roomId, seq, epoch, body, ...(recipients && { recipients }) };
}

/** What a message that will be hinted of is part of: `trace|<room>|<seq>|<traceparent>`. For who does not know it, it is no hint. */
export interface TraceNote {
  readonly roomId: number;
  readonly seq: number;
  readonly traceparent: string;
}

const TRACE = 'trace';

/** Comes before the hint; the accept script writes those of rooms by itself. */
export function traceNote({ roomId, seq, traceparent }: TraceNote): string {
  return [TRACE, roomId, seq, traceparent].join(SEPARATOR);
}

/** Reads what {@link traceNote} writes. @returns Undefined for anything else. */
export function parseTraceNote(text: string): TraceNote | undefined {
  const [kind, room, number, traceparent, ...more] = text.split(SEPARATOR, 5);
  const [roomId, seq] = [Number(room), Number(number)];
  if (kind !== TRACE || !isPositive(roomId) || !isPositive(seq) || !traceparent || more.length > 0)
    return undefined;
  return { roomId, seq, traceparent };
}

const isPositive = (value: number | undefined): value is number =>
  Number.isSafeInteger(value) && Number(value) > 0;
