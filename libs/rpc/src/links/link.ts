import type { Socket } from 'node:net';
import { MAX_PACKET_BYTES } from '../envelope.js';

/** Ends a packet; JSON never contains a raw newline. */
const END = '\n';
/** Not JSON: whoever says this sends nothing after it that asks for anything. */
export const GOODBYE = 'goodbye';
/** Characters of a packet that has not ended: with the times that a request gets when it leaves, and to spare. */
const MAX_PARTIAL = 2 * MAX_PACKET_BYTES;
/** Bytes that may wait for who does not read; then the link ends. As Redis does it with a subscriber. */
const MAX_WAITING_BYTES = 32 * 1024 * 1024;

export interface LinkEvents {
  readonly onPacket: (packet: string, link: Link) => void;
  /** The other side leaves: it takes nothing new from here on. */
  readonly onGoodbye: (link: Link) => void;
  /** Nothing comes or goes any more, whoever ended it. */
  readonly onEnd: (link: Link) => void;
}

/** A line between two processes of one machine: packets of text both ways, whole and in order, as long as both live. */
export class Link {
  /** Calls that left by it and have no answer yet, by id: told when it ends. Empty at a callee. */
  readonly unanswered = new Map<string, (error: Error) => void>();
  private partial = '';
  private hasLeft = false;

  constructor(
    private readonly socket: Socket,
    private readonly events: LinkEvents,
  ) {
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.read(text));
    // `close` follows.
    socket.on('error', () => undefined);
    socket.on('close', () => this.end());
  }

  /** The other side takes what is asked. */
  get isOpen(): boolean {
    return !this.hasLeft && this.socket.writable;
  }

  /**
   * @param text - A packet, or several with newlines between them.
   * @returns The number of receivers: 0 when the link has ended.
   */
  send(text: string): number {
    if (!this.socket.writable) return 0;
    this.socket.write(text + END);
    if (this.socket.writableLength > MAX_WAITING_BYTES) this.socket.destroy();
    return 1;
  }

  /** Ends it when what was sent has left. */
  finish(): void {
    this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }

  private read(text: string): void {
    const packets = text.split(END);
    packets[0] = this.partial + (packets[0] ?? '');
    this.partial = packets.pop() ?? '';
    if (this.partial.length > MAX_PARTIAL) return void this.socket.destroy();
    for (const packet of packets) {
      if (packet !== GOODBYE) this.events.onPacket(packet, this);
      else {
        this.hasLeft = true;
        this.events.onGoodbye(this);
      }
    }
  }

  private end(): void {
    const error = new Error('the link ended');
    for (const fail of [...this.unanswered.values()]) fail(error);
    this.unanswered.clear();
    this.events.onEnd(this);
  }
}
