import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { encodeFrame, FrameDecoder, FrameError } from '@parley/framing';
import { Op } from '@parley/protocol';
import type { Transport, TransportConnection, TransportHandlers } from './transport.js';

/** Where a TCP gateway listens. */
export interface TcpAddress {
  readonly host: string;
  readonly port: number;
}

/** How {@link tcpTransport} speaks TLS. */
export interface TcpTlsOptions {
  /** Authorities that the gateway's certificate may be from, PEM. @defaultValue those that Node.js knows */
  readonly ca?: string | readonly string[];
  /** Name that its certificate has to be for. @defaultValue the host that is connected to */
  readonly servername?: string;
}

/** Options of {@link tcpTransport}. */
export interface TcpTransportOptions {
  /** Framed TCP over TLS. @defaultValue false */
  readonly tls?: boolean | TcpTlsOptions;
}

/** Abnormal closure: no code was given. */
const LOST = 1006;

/**
 * Framed TCP, for Node.
 *
 * @param address - Or a function that is asked before every connection, to spread over gateways.
 */
export function tcpTransport(
  address: TcpAddress | (() => TcpAddress | Promise<TcpAddress>),
  { tls = false }: TcpTransportOptions = {},
): Transport {
  const dial = (target: TcpAddress) => (tls === false ? dialPlain(target) : dialTls(target, tls));
  return { open: (handlers) => new TcpConnection(address, dial, handlers) };
}

/** A connection that is being made, and the event that says that it is there. */
interface Dialled {
  readonly socket: Socket;
  readonly openEvent: 'connect' | 'secureConnect';
}

function dialPlain(target: TcpAddress): Dialled {
  return { socket: connect({ ...target, noDelay: true }), openEvent: 'connect' };
}

/** A certificate that is refused ends the connection, with the reason. */
function dialTls({ host, port }: TcpAddress, tls: true | TcpTlsOptions): Dialled {
  const { ca, servername } = tls === true ? {} : tls;
  const socket = connectTls({
    host,
    port,
    ...(ca !== undefined && { ca: typeof ca === 'string' ? ca : [...ca] }),
    ...(servername !== undefined && { servername }),
  });
  return { socket: socket.setNoDelay(true), openEvent: 'secureConnect' };
}

class TcpConnection implements TransportConnection {
  readonly #handlers: TransportHandlers;
  readonly #dial: (target: TcpAddress) => Dialled;
  readonly #decoder = new FrameDecoder();
  #socket: Socket | undefined;
  #open = false;
  #ended = false;
  #paused = false;
  /** What the server said before it closed, or why this side closed. */
  #code = LOST;
  #reason = '';

  constructor(
    address: Parameters<typeof tcpTransport>[0],
    dial: (target: TcpAddress) => Dialled,
    handlers: TransportHandlers,
  ) {
    this.#handlers = handlers;
    this.#dial = dial;
    Promise.resolve()
      .then(() => (typeof address === 'function' ? address() : address))
      .then(
        (target) => this.#connect(target),
        (error: unknown) => this.#end(LOST, String(error)),
      );
  }

  send(text: string): void {
    if (this.#open && !this.#ended) this.#socket?.write(encodeFrame(text));
  }

  close(code = 1000, reason = ''): void {
    if (this.#ended) return;
    this.#open = false;
    if (this.#code === LOST) {
      this.#code = code;
      this.#reason = reason;
    }
    // Nothing of the other side is awaited: a half-open connection would never answer.
    this.#socket?.destroy();
    queueMicrotask(() => this.#end(this.#code, this.#reason));
  }

  bufferedBytes(): number {
    return this.#socket?.writableLength ?? 0;
  }

  pause(): void {
    this.#paused = true;
    this.#socket?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#socket?.resume();
  }

  #connect(target: TcpAddress): void {
    if (this.#ended) return;
    const { socket, openEvent } = this.#dial(target);
    this.#socket = socket;
    socket.on(openEvent, () => {
      this.#open = true;
      this.#handlers.onOpen();
      if (this.#paused) socket.pause();
    });
    socket.on('data', (chunk) => this.#read(chunk as Buffer));
    socket.on('error', (error) => (this.#reason ||= error.message));
    socket.on('close', () => this.#end(this.#code, this.#reason));
  }

  #read(chunk: Buffer): void {
    let payloads: readonly Buffer[];
    let failure: FrameError | undefined;
    try {
      payloads = this.#decoder.push(chunk);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      payloads = error.frames;
      failure = error;
    }
    for (const payload of payloads) {
      if (this.#ended) return;
      const text = payload.toString('utf8');
      this.#noteCloseCode(text);
      this.#handlers.onText(text);
    }
    if (failure) this.close(LOST, failure.code);
  }

  /** TCP has no close frame: the server's last frame is an `error` with `closeCode`. */
  #noteCloseCode(text: string): void {
    if (!text.includes('"closeCode"')) return;
    try {
      const frame = JSON.parse(text) as { op?: unknown; closeCode?: unknown; code?: unknown };
      if (frame.op !== Op.error || typeof frame.closeCode !== 'number') return;
      this.#code = frame.closeCode;
      this.#reason = String(frame.code);
    } catch {
      // The client reports unreadable frames.
    }
  }

  #end(code: number, reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#open = false;
    this.#handlers.onClose(code, reason);
  }
}
