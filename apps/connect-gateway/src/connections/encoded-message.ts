import { messageJson } from '@parley/contracts';

/** Bytes of one write to one socket at the most, unless a single message is larger. */
const MAX_WRITE_BYTES = 64 * 1024;

/** A message to be written to many sockets. Each transport's bytes are made at most once. */
export interface EncodedMessage {
  readonly seq: number;
  readonly epoch: string;
  /** The complete JSON. */
  readonly text: string;
  ws?: Buffer;
  tcp?: Buffer;
}

export function encodedMessage(entry: {
  readonly body: string;
  readonly seq: number;
  readonly epoch: string;
}): EncodedMessage {
  return { seq: entry.seq, epoch: entry.epoch, text: messageJson(entry) };
}

/** Takes from the front as many messages as one write may hold; at least one. */
export function takeWrite(messages: EncodedMessage[]): EncodedMessage[] {
  let bytes = 0;
  let count = 0;
  while (count < messages.length && (count === 0 || bytes < MAX_WRITE_BYTES))
    bytes += Buffer.byteLength(messages[count++]?.text ?? '');
  return messages.splice(0, count);
}
