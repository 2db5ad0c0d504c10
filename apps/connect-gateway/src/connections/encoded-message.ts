import { messageJson } from '@parley/contracts';

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
  /** When it was taken for delivery, milliseconds, monotonic. */
  takenAt?: number;
  ws?: Buffer;
  tcp?: Buffer;
}

export function encodedMessage(entry: {
  readonly body: string;
  readonly seq: number;
  readonly epoch: string;
}): EncodedMessage {
  const text = messageJson(entry);
  return { seq: entry.seq, epoch: entry.epoch, text, bytes: Buffer.byteLength(text) };
}

/** A frame that is no message and has no number, to be written to many sockets. */
export function encodedFrame(text: string): EncodedMessage {
  return { seq: 0, epoch: '', text, bytes: Buffer.byteLength(text) };
}

/** Takes from the front as many messages as one write may hold; at least one. */
export function takeWrite(messages: EncodedMessage[]): EncodedMessage[] {
  let bytes = 0;
  let count = 0;
  while (count < messages.length && (count === 0 || bytes < MAX_WRITE_BYTES))
    bytes += messages[count++]?.bytes ?? 0;
  return messages.splice(0, count);
}
