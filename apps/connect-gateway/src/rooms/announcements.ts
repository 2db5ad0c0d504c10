import { encodedFrame } from '../connections/encoded-message.js';
import type { Connection } from '../connections/connection.js';
import { Turn } from './turn.js';

/** Frames to members of a room outside the sequence of messages. */
export class Announcements {
  /** Those that wait for the one being written, the newest of each kind. */
  private readonly waiting = new Map<string, string>();
  private isWriting = false;

  constructor(
    private readonly members: ReadonlyMap<Connection, unknown>,
    private readonly maxOutboundBytes: number,
  ) {}

  /**
   * Writes a frame to every member. A member whose socket is full does without it.
   *
   * @param kind - While one frame is being written, the newest of each kind waits, and only that.
   */
  announce(kind: string, text: string): void {
    this.waiting.set(kind, text);
    if (!this.isWriting) void this.writeAll();
  }

  /** Writes one frame to those of them who are in the room when their turn comes, full sockets or not. */
  writeTo(connections: Iterable<Connection>, text: string): Promise<void> {
    return this.write(connections, text, Infinity);
  }

  private async writeAll(): Promise<void> {
    this.isWriting = true;
    for (const [kind, text] of this.waiting) {
      this.waiting.delete(kind);
      await this.write(this.members.keys(), text, this.maxOutboundBytes);
    }
    this.isWriting = false;
  }

  private async write(connections: Iterable<Connection>, text: string, maxBytes: number): Promise<void> {
    const frame = encodedFrame(text);
    const turn = new Turn();
    for (const connection of connections) {
      if (!this.members.has(connection)) continue;
      if (connection.bufferedBytes > maxBytes) continue;
      connection.write(connection.encode(frame));
      if (turn.isOver(frame.bytes)) await turn.next();
    }
  }
}
