import { asMessageText, isEventBody, messageJson } from '@parley/contracts';
import { isVisible, readEvent, type RoomEvent } from '@parley/protocol';

/** Bytes of one write to one socket at the most, unless a single message is larger. */
export const MAX_WRITE_BYTES = 64 * 1024;

/** A message to be written to many sockets. Each transport's bytes are made at most once. */
export interface EncodedMessage {
  readonly seq: number;
  readonly epoch: string;
  /** The complete JSON. */
  readonly text: string;
  /** Of the text in UTF-8. */
  readonly bytes: number;
  /** Of an act of a kind that is known here: what it has done, and when, milliseconds since 1970. */
  readonly act?: { readonly event: RoomEvent; readonly at: number } | undefined;
  /** Of what gochat's clients do not know: what they get instead; null for nothing. */
  readonly plain?: EncodedMessage | null;
  /** When it was taken for delivery, milliseconds, monotonic. */
  takenAt?: number | undefined;
  ws?: Buffer;
  tcp?: Buffer;
}

export function encodedMessage(entry: {
  readonly body: string;
  readonly seq: number;
  readonly epoch: string;
}): EncodedMessage {
  return encodedText(entry.seq, entry.epoch, messageJson(entry));
}

/** A tombstone says so before its number; nothing else has this outside of a text. */
const TOMBSTONE = /,"deleted":\{"by":"(?:self|moderator)",/;

/** An entry's complete JSON. */
export function encodedText(seq: number, epoch: string, text: string): EncodedMessage {
  const bytes = Buffer.byteLength(text);
  // Acts are rare, and messages are not looked into.
  if (isEventBody(text)) return { seq, epoch, text, bytes, ...ofAct(seq, epoch, text) };
  return TOMBSTONE.test(text) ? { seq, epoch, text, bytes, plain: null } : { seq, epoch, text, bytes };
}

function ofAct(seq: number, epoch: string, text: string): Pick<EncodedMessage, 'act' | 'plain'> {
  const entry = JSON.parse(text) as Record<string, unknown>;
  const event = readEvent(entry);
  const isText = event !== undefined && isVisible(event) && typeof entry['msg'] === 'string';
  return {
    act: event && { event, at: Number(entry['sentAt']) },
    plain: isText ? encodedFrame(asMessageText(text), seq, epoch) : null,
  };
}

/** A frame to be written to many sockets as it is; one that is no message has no number. */
export function encodedFrame(text: string, seq = 0, epoch = ''): EncodedMessage {
  return { seq, epoch, text, bytes: Buffer.byteLength(text) };
}

/** What a client gets of an entry; undefined for one that does not know what it is. */
export function shownTo(
  message: EncodedMessage,
  { speaksParley }: { readonly speaksParley: boolean },
): EncodedMessage | undefined {
  return speaksParley || message.plain === undefined ? message : (message.plain ?? undefined);
}

/** Takes from the front as many messages as one write may hold; at least one. */
export function takeWrite(messages: EncodedMessage[]): EncodedMessage[] {
  let bytes = 0;
  let count = 0;
  while (count < messages.length && (count === 0 || bytes < MAX_WRITE_BYTES))
    bytes += messages[count++]?.bytes ?? 0;
  return messages.splice(0, count);
}
