import { AppError, type CloseCode } from '@parley/protocol';
import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import { Connection } from '../connections/connection.js';
import { countRefusal } from '../connections/refusals.js';
import type { EncodedMessage } from '../connections/encoded-message.js';
import { errorFrame } from '../frames/replies.js';
import { wsTextFrame } from './ws-frame.js';

/** WebSocket's own code for it. @see RFC 6455, section 7.4.1 */
const NOT_UTF8 = 1007;

/**
 * A WebSocket that knows whose it is. All of them share their listeners: functions of each one's own would be a fifth of what
 * it weighs.
 */
export class OwnedWebSocket extends WebSocket {
  declare owner?: WsConnection;
}

function onPong(this: OwnedWebSocket): void {
  if (this.owner) this.owner.lastSeenAt = performance.now();
}
function onPing(this: OwnedWebSocket, data: Buffer): void {
  this.owner?.pong(data);
}

/** A WebSocket connection. Frames are written straight to the socket: compression is off, so ws holds nothing back. */
export class WsConnection extends Connection {
  /** The last ping that came while the socket was full. @see RFC 6455, section 5.5.3: the others need no answer */
  private unanswered: Buffer | undefined;

  constructor(
    private readonly ws: OwnedWebSocket,
    socket: Socket,
    addressKey: string,
  ) {
    super('ws', socket, true, addressKey);
    ws.owner = this;
    ws.on('pong', onPong).on('ping', onPing);
  }

  /** A text message that is no UTF-8 ends the connection. @see RFC 6455, section 8.1 */
  refuseText(): void {
    countRefusal('BAD_JSON');
    this.send(errorFrame(new AppError('BAD_JSON')));
    this.ws.close(NOT_UTF8, 'BAD_JSON');
  }

  /** Behind a close frame nothing may be written, and ws answers one by itself. */
  override get isOpen(): boolean {
    return super.isOpen && this.ws.readyState === WebSocket.OPEN;
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

  protected override onDrain(): void {
    if (this.unanswered) this.pong(this.unanswered);
    super.onDrain();
  }

  protected override frame(text: string): Buffer {
    return wsTextFrame(text);
  }

  protected override sayGoodbye(code: CloseCode, reason: string): void {
    // It is cut off when it does not answer: `closeTimeout` of the server.
    this.ws.close(code, reason);
  }

  /** Answers a ping. A peer that sends pings and does not read gets one pong when it has read, however many it has sent. */
  pong(data: Buffer): void {
    this.lastSeenAt = performance.now();
    // A copy: it is a view of all that came with it.
    this.unanswered = this.socket.writableNeedDrain ? Buffer.from(data) : undefined;
    if (!this.unanswered && this.isOpen) this.ws.pong(data);
  }
}
