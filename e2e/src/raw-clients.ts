import { FrameDecoder, encodeFrame } from '@parley/framing';
import { eventually } from '@parley/testing';
import { createConnection, type Socket } from 'node:net';
import WebSocket from 'ws';

/** A frame as it came, not validated: these clients know nothing of the implementation. */
export type Frame = Record<string, unknown> & { op?: number };

/** What both raw clients can do. */
export abstract class RawClient {
  readonly frames: Frame[] = [];
  closed: { code: number; reason: string } | undefined;

  abstract sendText(text: string): void;
  abstract close(): void;

  send(frame: object): void {
    this.sendText(JSON.stringify(frame));
  }

  /** Frames with an opcode, in order of arrival. */
  ofOp(op: number): Frame[] {
    return this.frames.filter((frame) => frame.op === op);
  }

  /** Texts of the room messages received. */
  texts(): unknown[] {
    return this.ofOp(3).map(({ msg }) => msg);
  }

  seqs(): unknown[] {
    return this.ofOp(3).map(({ seq }) => seq);
  }

  /** The first frame, past or to come, that matches. */
  waitFor(matches: (frame: Frame) => boolean, timeoutMs = 10_000): Promise<Frame> {
    return eventually(
      () => {
        const found = this.frames.find(matches);
        if (!found) throw new Error(`no such frame among ${JSON.stringify(this.frames.slice(-5))}`);
        return found;
      },
      { timeoutMs },
    );
  }

  waitForText(text: string, timeoutMs?: number): Promise<Frame> {
    return this.waitFor((frame) => frame.msg === text && (frame.op === 3 || frame.op === 2), timeoutMs);
  }

  waitForClose(timeoutMs = 10_000): Promise<{ code: number; reason: string }> {
    return eventually(
      () => {
        if (!this.closed) throw new Error('still open');
        return this.closed;
      },
      { timeoutMs },
    );
  }
}

/** A bare WebSocket. */
export class RawWs extends RawClient {
  private constructor(readonly socket: WebSocket) {
    super();
    socket.on('message', (data) => this.frames.push(JSON.parse(String(data)) as Frame));
    socket.on('close', (code, reason) => (this.closed = { code, reason: String(reason) }));
    socket.on('error', () => undefined);
  }

  static async connect(url: string, headers: Record<string, string> = {}): Promise<RawWs> {
    const socket = new WebSocket(url, { headers });
    const client = new RawWs(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return client;
  }

  sendText(text: string): void {
    this.socket.send(text);
  }

  close(): void {
    this.socket.close();
  }
}

/** A bare TCP socket with framing v1. */
export class RawTcp extends RawClient {
  private constructor(readonly socket: Socket) {
    super();
    const decoder = new FrameDecoder();
    socket.on('data', (chunk) => {
      for (const payload of decoder.push(chunk)) this.frames.push(JSON.parse(payload.toString()) as Frame);
    });
    socket.on('close', () => {
      const last = this.frames.at(-1);
      this.closed = { code: Number(last?.['closeCode'] ?? 0), reason: String(last?.['code'] ?? '') };
    });
    socket.on('error', () => undefined);
  }

  static async connect(port: number): Promise<RawTcp> {
    const socket = createConnection({ port, host: '127.0.0.1' });
    const client = new RawTcp(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return client;
  }

  sendText(text: string): void {
    this.socket.write(encodeFrame(text));
  }

  sendBytes(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  close(): void {
    this.socket.end();
  }
}

/** A post of a JSON body; a string is sent as it is. */
export async function post(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string; headers: Headers }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
}
