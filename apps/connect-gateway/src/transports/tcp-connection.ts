import { encodeFrame } from '@parley/framing';
import { Op, type CloseCode } from '@parley/protocol';
import type { Socket } from 'node:net';
import { Connection } from '../connections/connection.js';
import type { EncodedMessage } from '../connections/encoded-message.js';

/** How long a peer may take to close its side, milliseconds. */
const CLOSE_GRACE_MS = 2_000;
/** After this idle time the operating system probes a peer that cannot answer pings, milliseconds. */
const KEEP_ALIVE_MS = 30_000;

/** A framed TCP connection. */
export class TcpConnection extends Connection {
  constructor(socket: Socket, addressKey: string) {
    super('tcp', socket, false, addressKey);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
  }

  override pauseReading(): void {
    this.socket.pause();
  }

  override resumeReading(): void {
    this.socket.resume();
  }

  override ping(): void {
    this.send(JSON.stringify({ op: Op.ping }));
  }

  override encode(message: EncodedMessage): Buffer {
    return (message.tcp ??= encodeFrame(message.text));
  }

  protected override frame(text: string): Buffer {
    return encodeFrame(text);
  }

  protected override sayGoodbye(code: CloseCode, reason: string): void {
    // TCP has no close code: the last frame carries it.
    this.send(
      JSON.stringify({
        op: Op.error,
        code: reason,
        message: reason,
        retryable: code < 4_500,
        closeCode: code,
      }),
    );
    this.socket.end();
    const cutOff = setTimeout(() => this.socket.destroy(), CLOSE_GRACE_MS).unref();
    this.socket.once('close', () => clearTimeout(cutOff));
  }
}
