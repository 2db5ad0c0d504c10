import { connect, type Socket } from 'node:net';
import { randomBytes } from 'node:crypto';
import { FrameReader, pongFrame, textFrame, type OnFrame } from './frame-reader.js';

/** Bytes of one read; shared by all sockets of the process, because each is read before the next. */
const shared = Buffer.allocUnsafe(256 * 1024);

/** A WebSocket client of a few dozen instructions a frame: thousands of them must leave the processor to the servers. */
export class RawSocket {
  private readonly socket: Socket;
  private readonly reader: FrameReader;
  private head = '';
  private isOpen = false;

  /**
   * Connects.
   *
   * @param onOpen - The server has agreed to talk WebSocket.
   * @param onEnd - It is over, whoever ended it; why, in a word. Called once.
   */
  constructor(
    url: URL,
    private readonly path: string,
    private readonly onOpen: (socket: RawSocket) => void,
    onText: OnFrame,
    private readonly onEnd: (why: string) => void,
  ) {
    let why = 'closed';
    this.reader = new FrameReader(
      onText,
      (code) => (why = String(code)),
      (payload) => this.socket.write(pongFrame(payload)),
    );
    this.socket = connect({
      host: url.hostname,
      port: Number(url.port),
      noDelay: true,
      onread: {
        buffer: shared,
        callback: (length, buffer) => {
          this.take(buffer as Buffer, length);
          return true;
        },
      },
    });
    this.socket.on('connect', () =>
      this.socket.write(
        `GET ${this.path} HTTP/1.1\r\nhost: ${url.host}\r\nupgrade: websocket\r\nconnection: upgrade\r\n` +
          `sec-websocket-version: 13\r\nsec-websocket-key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
      ),
    );
    this.socket.on('error', (error: NodeJS.ErrnoException) => (why = error.code ?? error.message));
    this.socket.on('close', () => this.onEnd(why));
  }

  send(text: string): void {
    this.socket.write(textFrame(text));
  }

  /** Ends it at once. */
  destroy(): void {
    this.socket.destroy();
  }

  private take(buffer: Buffer, length: number): void {
    const bytes = buffer.subarray(0, length);
    if (this.isOpen) return this.reader.push(bytes);
    this.head += bytes.toString('latin1');
    const end = this.head.indexOf('\r\n\r\n');
    if (end < 0) return;
    if (!this.head.startsWith('HTTP/1.1 101')) {
      this.socket.destroy(new Error(this.head.slice(9, 12)));
      return;
    }
    this.isOpen = true;
    const rest = Buffer.from(this.head.slice(end + 4), 'latin1');
    this.head = '';
    this.onOpen(this);
    if (rest.length > 0) this.reader.push(rest);
  }
}
