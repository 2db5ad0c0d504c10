import type { CloseCode } from '@parley/protocol';
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { Connection } from '../connections/connection.js';
import type { EncodedMessage } from '../connections/encoded-message.js';
import { wsTextFrame } from './ws-frame.js';

/** How long a peer may take to answer a close frame, milliseconds. */
const CLOSE_GRACE_MS = 2_000;

/** A WebSocket connection. Frames are written straight to the socket: compression is off, so ws holds nothing back. */
export class WsConnection extends Connection {
  constructor(
    private readonly ws: WebSocket,
    socket: Socket,
  ) {
    super('ws', socket, true);
    ws.on('pong', () => (this.lastSeenAt = Date.now()));
  }

  override pauseReading(): void {
    this.ws.pause();
  }

  override resumeReading(): void {
    this.ws.resume();
  }

  override ping(): void {
    if (this.isOpen) this.ws.ping();
  }

  override encode(message: EncodedMessage): Buffer {
    return (message.ws ??= wsTextFrame(message.text));
  }

  protected override frame(text: string): Buffer {
    return wsTextFrame(text);
  }

  protected override sayGoodbye(code: CloseCode, reason: string): void {
    this.ws.close(code, reason);
    setTimeout(() => this.ws.terminate(), CLOSE_GRACE_MS).unref();
  }
}
