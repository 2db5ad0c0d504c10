import { Inject, Injectable, Optional } from '@nestjs/common';
import { addressKey } from '@parley/config';
import { FrameDecoder, FrameError } from '@parley/framing';
import { limitHandshakes, type TlsSide } from '@parley/observability';
import { AppError } from '@parley/protocol';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { ConnectionLifecycle } from '../lifecycle/connection-lifecycle.service.js';
import { FrameIntake } from '../frames/frame-intake.js';
import { refuse } from '../frames/replies.js';
import { TcpConnection } from './tcp-connection.js';

const BACKLOG = 1_024;

/** Injection token of what makes it framed TCP over TLS: a `TlsSide`, or undefined. */
export const TCP_TLS = Symbol('TCP_TLS');

/** The framed-TCP side of the gateway. */
@Injectable()
export class TcpServer {
  private server: Server | undefined;

  constructor(
    @Inject(ConnectionLifecycle) private readonly lifecycle: ConnectionLifecycle,
    @Inject(FrameIntake) private readonly frames: FrameIntake,
    @Optional() @Inject(TCP_TLS) private readonly tls?: TlsSide,
  ) {}

  /** @returns The port it listens on. */
  async listen(port: number, host: string): Promise<number> {
    const server = this.create();
    this.server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, host, backlog: BACKLOG }, resolve);
    });
    return (server.address() as AddressInfo).port;
  }

  /** Takes no more connections; open ones stay. */
  stopAccepting(): void {
    this.server?.close();
  }

  private create(): Server {
    const accept = (socket: Socket) => this.accept(socket);
    if (!this.tls) return createServer({ noDelay: true }, accept);
    const { identity, handshakes } = this.tls;
    const server = createTlsServer({ ...identity.options, noDelay: true }, accept);
    // Until its handshake is over nobody else listens to a socket.
    server.on('connection', (socket: Socket) => socket.on('error', () => undefined));
    identity.renewOn(server);
    limitHandshakes(server, handshakes);
    return server;
  }

  private accept(socket: Socket): void {
    socket.on('error', () => undefined);
    const connection = new TcpConnection(socket, addressKey(socket.remoteAddress));
    socket.on('close', () => this.lifecycle.closed(connection));
    if (!this.lifecycle.opened(connection)) return;
    const decoder = new FrameDecoder();
    socket.on('data', (chunk: Buffer) => {
      let payloads: readonly Buffer[];
      let violation: FrameError | undefined;
      try {
        payloads = decoder.push(chunk);
      } catch (error) {
        if (!(error instanceof FrameError)) throw error;
        violation = error;
        payloads = error.frames;
      }
      for (const payload of payloads) this.frames.receive(connection, payload);
      if (!violation) return;
      socket.removeAllListeners('data');
      socket.resume();
      refuse(connection, new AppError(violation.code));
    });
  }
}
