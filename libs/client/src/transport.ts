/** What a connection reports, never from within a call of its user. After `onClose` nothing more is reported; `onClose` comes exactly once. */
export interface TransportHandlers {
  onOpen(): void;
  /** One frame's text, in wire order. */
  onText(text: string): void;
  /** @param code - A WebSocket close code, or the one a TCP server announced; 1006 when the connection was just lost. */
  onClose(code: number, reason: string): void;
}

/** One connection, from the attempt to open it until its end. */
export interface TransportConnection {
  /** Sends one frame. Ignored unless the connection is open: what was not acknowledged is sent again anyway. */
  send(text: string): void;
  /** Ends the connection; `onClose` still follows, with whatever code the other side or the platform gives. */
  close(code?: number, reason?: string): void;
  /** Bytes accepted by `send` and not yet handed to the network. */
  bufferedBytes(): number;
  /** Stops reading from the socket, so that the server meets a slow member. For tests; Node only. */
  pause?(): void;
  /** Reads again. */
  resume?(): void;
}

/** A way to reach a server. Stateless: every reconnect is one more `open`. */
export interface Transport {
  /** Starts a connection. Must not throw, and must not report before it has returned. */
  open(handlers: TransportHandlers): TransportConnection;
}
