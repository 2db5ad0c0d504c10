import { connect, type Socket } from 'node:net';

/** One connection that stays, and one request at a time on it. */
export class HttpLane {
  private readonly socket: Socket;
  private answer = '';
  private settle: ((status: number) => void) | undefined;

  constructor(url: URL) {
    this.socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
    this.socket.setEncoding('latin1');
    this.socket.on('data', (text: string) => this.take(text));
    // A lane that is lost answers 0, now and later.
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => this.settle?.(0));
  }

  /** Sends a whole request; `done` gets the status, or 0 when the connection is lost. Not before the last one is done. */
  request(text: string, done: (status: number) => void): void {
    this.answer = '';
    this.settle = (status) => {
      this.settle = undefined;
      done(status);
    };
    if (this.socket.destroyed) setImmediate(() => this.settle?.(0));
    else this.socket.write(text);
  }

  end(): void {
    this.socket.destroy();
  }

  private take(text: string): void {
    this.answer += text;
    const end = this.answer.indexOf('\r\n\r\n');
    if (end < 0) return;
    const length = Number(/content-length: *(\d+)/i.exec(this.answer.slice(0, end))?.[1] ?? 0);
    if (this.answer.length >= end + 4 + length) this.settle?.(Number(this.answer.slice(9, 12)));
  }
}
