import type { Transport, TransportConnection, TransportHandlers } from './transport.js';

/** The part of the standard WebSocket that is used. Browsers' own and the `ws` package's class both have it. */
export interface WebSocketLike {
  readonly readyState: number;
  readonly bufferedAmount: number;
  onopen: ((event: never) => unknown) | null;
  onmessage: ((event: never) => unknown) | null;
  onclose: ((event: never) => unknown) | null;
  onerror: ((event: never) => unknown) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  /** `ws` only. */
  terminate?(): void;
  /** `ws` only. */
  pause?(): void;
  /** `ws` only. */
  resume?(): void;
}

/** Options of {@link webSocketTransport}. */
export interface WebSocketTransportOptions {
  /** The class to use; in Node 20 the one of `ws`. @defaultValue globalThis.WebSocket */
  readonly WebSocket?: new (url: string) => WebSocketLike;
}

/** Abnormal closure: no code was received. */
const LOST = 1006;
const OPEN = 1;
/** A closing handshake that takes longer is not awaited: on a half-open connection it never ends. */
const CLOSE_WAIT_MS = 500;

/**
 * WebSocket, for browsers and Node.
 *
 * @param url - `ws:` or `wss:`; or a function that is asked before every connection.
 * @throws {TypeError} when there is no WebSocket class to use.
 */
export function webSocketTransport(
  url: string | (() => string | Promise<string>),
  options: WebSocketTransportOptions = {},
): Transport {
  const WebSocketClass =
    options.WebSocket ?? (globalThis as { WebSocket?: new (url: string) => unknown }).WebSocket;
  if (!WebSocketClass) throw new TypeError('No WebSocket class: pass the one of "ws".');
  const create = (target: string) =>
    new (WebSocketClass as NonNullable<WebSocketTransportOptions['WebSocket']>)(target);
  return { open: (handlers) => new WebSocketConnection(url, create, handlers) };
}

class WebSocketConnection implements TransportConnection {
  readonly #handlers: TransportHandlers;
  readonly #create: (url: string) => WebSocketLike;
  #socket: WebSocketLike | undefined;
  #ended = false;
  #paused = false;
  #closeTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    url: Parameters<typeof webSocketTransport>[0],
    create: (url: string) => WebSocketLike,
    handlers: TransportHandlers,
  ) {
    this.#handlers = handlers;
    this.#create = create;
    Promise.resolve()
      .then(() => (typeof url === 'function' ? url() : url))
      .then((target) => this.#connect(target))
      .catch((error: unknown) => this.#end(LOST, String(error)));
  }

  send(text: string): void {
    // `send` throws before the socket is open and is ignored after.
    if (!this.#ended && this.#socket?.readyState === OPEN) this.#socket.send(text);
  }

  close(code = 1000, reason = ''): void {
    if (this.#ended || this.#closeTimer) return;
    const wait = this.#socket ? CLOSE_WAIT_MS : 0;
    this.#closeTimer = setTimeout(() => {
      this.#socket?.terminate?.();
      this.#end(code, reason);
    }, wait);
    // Browsers take only 1000 and 3000 to 4999 from a page.
    this.#socket?.close(code === 1000 || code >= 3000 ? code : 1000, reason);
  }

  bufferedBytes(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  pause(): void {
    this.#paused = true;
    if (this.#socket?.readyState === OPEN) this.#socket.pause?.();
  }

  resume(): void {
    this.#paused = false;
    if (this.#socket?.readyState === OPEN) this.#socket.resume?.();
  }

  #connect(url: string): void {
    if (this.#ended || this.#closeTimer) return;
    const socket = this.#create(url);
    this.#socket = socket;
    socket.onopen = () => {
      if (this.#ended || this.#closeTimer) return;
      this.#handlers.onOpen();
      if (this.#paused) socket.pause?.();
    };
    socket.onmessage = (event: { data: unknown }) => {
      if (!this.#ended && typeof event.data === 'string') this.#handlers.onText(event.data);
    };
    // The reason of a failure is not to be had in a browser; `close` follows with 1006.
    socket.onerror = () => {};
    socket.onclose = (event: { code?: number; reason?: string }) =>
      this.#end(event.code ?? LOST, event.reason ?? '');
  }

  #end(code: number, reason: string): void {
    clearTimeout(this.#closeTimer);
    if (this.#ended) return;
    this.#ended = true;
    this.#handlers.onClose(code, reason);
  }
}
