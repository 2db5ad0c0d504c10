import {
  Op,
  parseClientFrame,
  type AckFrame,
  type ClientFrame,
  type ClientFrameOf,
  type ErrorFrame,
  type HistoryPage,
  type JoinedFrame,
  type Message,
  type ServerFrame,
} from '@parley/protocol';
import type { Transport, TransportHandlers } from '../transport.js';

/** One connection as the server sees it. Every frame of the client must pass the real contract's parser. */
export class ScriptedConnection {
  readonly received: ClientFrame[] = [];
  closedByClient = false;
  buffered = 0;
  #closed = false;

  constructor(
    readonly handlers: TransportHandlers,
    readonly onFrame: (frame: ClientFrame) => void,
  ) {}

  open(): void {
    if (!this.#closed) this.handlers.onOpen();
  }

  push(frame: ServerFrame | Record<string, unknown>): void {
    this.text(JSON.stringify(frame));
  }

  text(text: string): void {
    if (!this.#closed) this.handlers.onText(text);
  }

  close(code = 1006, reason = ''): void {
    if (this.#closed) return;
    this.#closed = true;
    this.handlers.onClose(code, reason);
  }

  /** The client's side of the connection. */
  fromClient(text: string): void {
    if (this.#closed) return;
    const frame = parseClientFrame(text);
    this.received.push(frame);
    // Never from within the client's call: no real transport does.
    queueMicrotask(() => this.onFrame(frame));
  }

  /** @param answered - Not so on a half-open connection. */
  closeFromClient(answered: boolean): void {
    this.closedByClient = true;
    if (answered) queueMicrotask(() => this.close(1000));
  }

  of<O extends ClientFrame['op']>(op: O): Array<ClientFrameOf<O>> {
    return this.received.filter((frame): frame is ClientFrameOf<O> => frame.op === op);
  }
}

/** A transport whose other end is the test. */
export class ScriptedServer {
  readonly connections: ScriptedConnection[] = [];
  /** Whether a close of the client's is answered. */
  answersClose = true;
  /** What to do with a new connection. By default it opens at once. */
  accept: (connection: ScriptedConnection) => void = (connection) => connection.open();
  /** What to answer. By default nothing. */
  answer: (frame: ClientFrame, connection: ScriptedConnection) => void = () => {};

  readonly transport: Transport = {
    open: (handlers) => {
      const connection: ScriptedConnection = new ScriptedConnection(handlers, (frame) =>
        this.answer(frame, connection),
      );
      this.connections.push(connection);
      queueMicrotask(() => this.accept(connection));
      return {
        send: (text) => connection.fromClient(text),
        close: () => connection.closeFromClient(this.answersClose),
        bufferedBytes: () => connection.buffered,
      };
    },
  };

  /** The newest connection. */
  get now(): ScriptedConnection {
    const connection = this.connections.at(-1);
    if (!connection) throw new Error('no connection was opened');
    return connection;
  }
}

/** Message `seq` of a room. */
export function message(seq: number, fields: Partial<Message> = {}): Message {
  return {
    op: Op.room,
    code: 0,
    msg: `text ${seq}`,
    fromUserId: 3,
    fromUserName: 'demo',
    toUserId: 0,
    toUserName: '',
    roomId: 1,
    createTime: '2026-11-23 08:01:39',
    id: `m${seq}`,
    clientMsgId: `c${seq}`,
    sentAt: 1_795_420_899_000 + seq,
    seq,
    epoch: 'A',
    ...fields,
  };
}

/** Messages `from`..`to` of a room. */
export function messages(from: number, to: number, fields: Partial<Message> = {}): Message[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => message(from + i, fields));
}

export function joined(seq: number, fields: Partial<JoinedFrame> = {}): JoinedFrame {
  return {
    op: Op.joined,
    roomId: 1,
    epoch: 'A',
    seq,
    head: seq,
    resumed: false,
    userId: 3,
    userName: 'demo',
    ...fields,
  };
}

export function page(list: Message[], fields: Partial<HistoryPage> = {}): HistoryPage {
  return { roomId: 1, epoch: 'A', head: list.at(-1)?.seq ?? 0, messages: list, more: false, ...fields };
}

export function ack(clientMsgId: string, seq: number, fields: Partial<AckFrame> = {}): AckFrame {
  return {
    op: Op.ack,
    roomId: 1,
    seq,
    epoch: 'A',
    id: `m${seq}`,
    clientMsgId,
    sentAt: 1,
    duplicate: false,
    ...fields,
  };
}

export function refusal(code: string, retryable: boolean, fields: Partial<ErrorFrame> = {}): ErrorFrame {
  return { op: Op.error, code, message: code, retryable, ...fields };
}
