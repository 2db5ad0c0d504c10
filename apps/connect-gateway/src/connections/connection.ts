import type { Identity } from '@parley/contracts';
import type { CloseCode } from '@parley/protocol';
import type { Socket } from 'node:net';
import type { EncodedMessage } from './encoded-message.js';
import { FrameOrder } from './frame-order.js';

export type TransportName = 'ws' | 'tcp';

/** A room as the connections in it see it. */
export interface JoinedRoom {
  readonly roomId: number;
  readonly kind: 'room' | 'direct';
  /** The connection's socket has taken all that was waiting: it may be written to again. */
  drained(connection: Connection): void;
}

/** A connection's place in a room. What else there is to it is the room's own. */
export interface Place {
  readonly room: JoinedRoom;
  /** A message has opened this conversation; the connection has not asked for it. */
  byMessage?: boolean;
}

/** Frames that have been read before their turn. */
export interface WaitingFrames {
  readonly frames: Buffer[];
  /** Index of the one whose turn is next. */
  next: number;
  /** Runs while it is the sender's rate that they wait for. */
  timer: NodeJS.Timeout | undefined;
}

let nextConnectionId = 0;
/** Shared by all that have nothing under way. */
const done = Promise.resolve();

/**
 * One socket, whatever it speaks. Subclasses know how bytes are framed; everything else is the same for both.
 */
export abstract class Connection {
  readonly id = ++nextConnectionId;
  /** All times are of `performance.now()`, milliseconds: a clock that is set closes nothing. */
  readonly openedAt = performance.now();
  /** Its places in rooms, by room id. */
  readonly memberships = new Map<number, Place>();
  /** Who it is, once a valid token has come. */
  identity: Identity | undefined;
  /** Of the token that proved it, the newest one: the same again need not be verified again. */
  tokenDigest: string | undefined;
  /** The session that opened it, and the one whose token has extended it last: it ends with either. */
  sessionIds: readonly string[] = [];
  /** The room that frames without `roomId` mean: the last one joined. */
  currentRoomId: number | undefined;
  /** Last time anything arrived. */
  lastSeenAt = performance.now();
  /** Last time it was asked for a sign of life. */
  pingedAt = -Infinity;
  /** The peer has sent an opcode of Parley's, so it will answer a ping. */
  answersPings: boolean;
  /** It has used an opcode of Parley's; until then it is taken for a client of gochat's, which knows those of gochat alone. */
  speaksParley = false;
  /** It has asked to be told of changes of the lists. */
  watchesLists = false;
  /** The room that it waits to be let into. */
  waitsFor: number | undefined;
  /** Frames refused so far. */
  refusals = 0;
  /** In which its frames take effect. */
  readonly order = new FrameOrder();
  /** Pages of history are read one after another. */
  pages: Promise<void> = done;
  /** Frames in hand: being handled, or answered into a socket that is full. */
  inFlight = 0;
  /** Set while it is not read from. */
  waiting: WaitingFrames | undefined;
  private drained: Promise<void> | undefined;
  private closed = false;

  protected constructor(
    readonly transport: TransportName,
    protected readonly socket: Socket,
    answersPings: boolean,
    /** What connections from the same place have in common. */
    readonly addressKey: string,
  ) {
    this.answersPings = answersPings;
    socket.setNoDelay(true);
    socket.on('drain', () => this.onDrain());
  }

  /** Bytes that the operating system has not taken yet. */
  get bufferedBytes(): number {
    return this.socket.writableLength;
  }

  get isOpen(): boolean {
    return !this.closed && this.socket.writable;
  }

  /** Resolves when no more than `bytes` wait to be taken by the operating system, or the connection is over. */
  async whenTaken(bytes: number): Promise<void> {
    // Without need of a drain none is announced.
    while (this.isOpen && this.bufferedBytes > bytes && this.socket.writableNeedDrain)
      await (this.drained ??= this.nextDrain());
  }

  private nextDrain(): Promise<void> {
    const { socket } = this;
    return new Promise<void>((resolve) => {
      const go = () => {
        socket.off('drain', go).off('close', go);
        this.drained = undefined;
        resolve();
      };
      socket.on('drain', go).on('close', go);
    });
  }

  /** The socket has taken all that was waiting: its rooms go on. */
  protected onDrain(): void {
    for (const { room } of this.memberships.values()) room.drained(this);
  }

  /** Writes bytes that are framed for this transport already. */
  write(framed: Buffer): void {
    if (this.isOpen) this.socket.write(framed);
  }

  /** Frames one JSON text and writes it. */
  send(text: string): void {
    this.write(this.frame(text));
  }

  /** Ends the connection: tells the peer why, then closes. Later calls do nothing. */
  close(code: CloseCode, reason: string): void {
    if (this.closed) return;
    this.sayGoodbye(code, reason);
    this.closed = true;
    this.stopWaiting();
  }

  /** Ends the connection without a word. */
  destroy(): void {
    this.markClosed();
    this.socket.destroy();
  }

  /** Marks the socket as gone. */
  markClosed(): void {
    this.closed = true;
    this.stopWaiting();
  }

  /** What waits will not be handled any more; the peer's answer to the close is to be read. */
  private stopWaiting(): void {
    if (!this.waiting) return;
    clearTimeout(this.waiting.timer);
    this.waiting = undefined;
    this.resumeReading();
  }

  /** Stops or resumes reading: the peer is slowed by its own socket. */
  abstract pauseReading(): void;
  abstract resumeReading(): void;
  /** Asks the peer for a sign of life. */
  abstract ping(): void;
  /** Bytes of a message on this transport; made once per message. */
  abstract encode(message: EncodedMessage): Buffer;
  protected abstract frame(text: string): Buffer;
  protected abstract sayGoodbye(code: CloseCode, reason: string): void;
}
