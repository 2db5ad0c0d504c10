import type { Connection } from './connection.js';
import { shownTo, type EncodedMessage } from './encoded-message.js';

/** Messages that are written together: the same bytes for every connection of a kind, made for the first of them. */
export class EncodedChunk {
  private readonly byKind = new Map<string, Buffer>();
  private readonly hasActs: boolean;

  constructor(private readonly messages: readonly EncodedMessage[]) {
    this.hasActs = messages.some(({ plain }) => plain !== undefined);
  }

  /** What a connection gets: one write. Acts are shown to old clients as they can read them, or not at all. */
  for(connection: Connection): Buffer {
    const isPlain = this.hasActs && !connection.speaksParley;
    const kind = isPlain ? `${connection.transport} plain` : connection.transport;
    let buffer = this.byKind.get(kind);
    if (!buffer) {
      const frames = this.messages.flatMap((message) => {
        const shown = isPlain ? shownTo(message, connection) : message;
        return shown ? connection.encode(shown) : [];
      });
      buffer = frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames);
      this.byKind.set(kind, buffer);
    }
    return buffer;
  }
}
