import type { CloseCode } from '@parley/protocol';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { Connection, type TransportName } from '../connections/connection.js';
import type { EncodedMessage } from '../connections/encoded-message.js';

/** A frame as the tests read it back. */
export interface SeenFrame {
  readonly op: number;
  readonly seq?: number;
  readonly from?: number;
  readonly to?: number;
  readonly reason?: string;
  readonly epoch?: string;
  readonly msg?: string;
  readonly kind?: string;
  readonly deleted?: { readonly by: string; readonly reason?: string };
}

/** A connection without a socket: keeps what is written, and is as full as it is told. Frames are lines of JSON. */
export class FakeConnection extends Connection {
  readonly writes: Buffer[] = [];
  readonly closes: { code: number; reason: string }[] = [];
  /** Ended without a word. */
  isDestroyed = false;
  private buffered = 0;
  private readonly emitter: EventEmitter;

  constructor(
    userId: number,
    transport: TransportName = 'ws',
    private readonly onEncode: (message: EncodedMessage) => void = () => undefined,
    addressKey = 'none',
  ) {
    const emitter = new EventEmitter();
    super(
      transport,
      Object.assign(emitter, {
        setNoDelay: () => undefined,
        destroy: () => emitter.emit('destroyed'),
        writable: true,
      }) as unknown as Socket,
      true,
      addressKey,
    );
    this.emitter = emitter;
    emitter.on('destroyed', () => (this.isDestroyed = true));
    this.identity = {
      userId,
      userName: `u${userId}`,
      sessionId: `s${userId}`,
      expiresAt: Infinity,
      role: 'user',
    };
  }

  override get bufferedBytes(): number {
    return this.buffered;
  }

  override set bufferedBytes(bytes: number) {
    this.buffered = bytes;
  }

  /** Every frame written, in order. */
  get frames(): SeenFrame[] {
    return Buffer.concat(this.writes)
      .toString()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as SeenFrame);
  }

  /** The frames as `7`, or `resync 3-9 gap`. */
  get seen(): (number | string)[] {
    return this.frames.map(({ seq, from, to, reason }) => seq ?? `resync ${from}-${to} ${reason}`);
  }

  /** Calls `listener` when it is told to drain. */
  whenDrained(listener: () => void): void {
    this.emitter.on('drain', listener);
  }

  drain(): void {
    this.buffered = 0;
    this.emitter.emit('drain');
  }

  override write(framed: Buffer): void {
    if (this.isOpen) this.writes.push(framed);
  }

  override encode(message: EncodedMessage): Buffer {
    this.onEncode(message);
    return (message[this.transport] ??= this.frame(message.text));
  }

  override pauseReading(): void {
    throw new Error('pauseReading was not expected');
  }

  override resumeReading(): void {
    throw new Error('resumeReading was not expected');
  }

  override ping(): void {
    throw new Error('ping was not expected');
  }

  protected override frame(text: string): Buffer {
    return Buffer.from(`${text}\n`);
  }

  protected override sayGoodbye(code: CloseCode, reason: string): void {
    this.closes.push({ code, reason });
  }
}
