import { messageJson } from '@parley/contracts';

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
