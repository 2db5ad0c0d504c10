import type { INestApplicationContext } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { answerAndClose } from '@parley/observability';
import { limits } from '@parley/protocol';
import { ServerResponse, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import { asksForWebSocket, hasBody, refusalOf, type UpgradeRules } from './upgrade-request.js';
import { OwnedWebSocket } from './ws-connection.js';

/** Inbound messages above this are cut off by ws itself (close 1009); between the two, a typed error answers. Bytes. */
const HARD_LIMIT_BYTES = 4 * limits.maxWsMessageBytes;
/** How long a peer may take to answer a close frame, milliseconds. */
const CLOSE_GRACE_MS = 2_000;
/** A peer of whom an earlier request is still being answered, or an upgrade ignored, gets this long. Milliseconds. */
const HTTP_ANSWER_MS = 10_000;

/** Not a function made where it is used: that would keep the request, with all its headers, for as long as the socket. */
const ignore = (): void => undefined;

/**
 * Nest's WebSocket adapter with an upgrade of our own: Nest's listener parses what strangers send, and leaves a socket
 * that it refuses without an error listener. What is refused gets a plain HTTP answer. Messages do not pass through
 * Nest either, which would cost 7 KB a connection: the gateway listens itself.
 */
export class ParleyWsAdapter extends WsAdapter {
  /** Requests that are being answered, by socket: an upgrade may come right behind one. */
  private readonly answering = new WeakMap<Socket, ServerResponse>();
  private stopListening: () => void = () => undefined;

  constructor(
    app: INestApplicationContext,
    private readonly rules: UpgradeRules,
  ) {
    super(app);
  }

  override create(): WebSocketServer {
    const server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      // Prepared frames are written past ws.
      perMessageDeflate: false,
      maxPayload: HARD_LIMIT_BYTES,
      WebSocket: OwnedWebSocket,
      // Its types leave it out.
      ...({ closeTimeout: CLOSE_GRACE_MS } as object),
      // Both are the connection's: pongs within its bound, and a typed answer to what is no text.
      autoPong: false,
      skipUTF8Validation: true,
      // There are none: ws would echo the first one asked for.
      handleProtocols: () => false,
    });
    server.on('wsClientError', (_error, socket) => answerAndClose(socket, 400));
    const http = this.httpServer as Server;
    const onRequest = (request: IncomingMessage, response: ServerResponse) =>
      void this.answering.set(request.socket, response);
    const onUpgrade = (request: IncomingMessage, socket: Socket, head: Buffer) => {
      // Node has taken its own away; a reset may come at any time from here on.
      socket.on('error', ignore);
      this.whenAnswered(socket, () => this.upgrade(server, request, socket, head));
    };
    http.on('request', onRequest).on('upgrade', onUpgrade);
    this.stopListening = () => http.off('request', onRequest).off('upgrade', onUpgrade);
    return server;
  }

  /** Nothing: see the class. */
  override bindMessageHandlers(): void {}
  override bindClientDisconnect(): void {}

  override dispose(): Promise<void> {
    this.stopListening();
    return super.dispose();
  }

  private upgrade(server: WebSocketServer, request: IncomingMessage, socket: Socket, head: Buffer): void {
    if (!asksForWebSocket(request)) return this.answerOverHttp(request, socket);
    const refusal = refusalOf(request, this.rules);
    if (refusal) return answerAndClose(socket, refusal.status, refusal.headers);
    server.handleUpgrade(request, socket, head, (ws) => server.emit('connection', ws, request));
  }

  /** Answers come in the order of the requests; one that never comes ends the connection. */
  private whenAnswered(socket: Socket, next: () => void): void {
    const earlier = this.answering.get(socket);
    this.answering.delete(socket);
    if (!earlier || earlier.writableFinished) return next();
    socket.setTimeout(HTTP_ANSWER_MS, () => socket.destroy());
    earlier.once('close', () => {
      socket.removeAllListeners('timeout').setTimeout(0);
      if (socket.writable) next();
      else socket.destroy();
    });
  }

  /** A server may ignore an upgrade that it does not know: some clients offer h2c with every request. */
  private answerOverHttp(request: IncomingMessage, socket: Socket): void {
    const isSimple = (request.method === 'GET' || request.method === 'HEAD') && !hasBody(request);
    if (!isSimple) return answerAndClose(socket, 400);
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.on('finish', () => {
      response.detachSocket(socket);
      socket.destroySoon();
    });
    socket.setTimeout(HTTP_ANSWER_MS, () => socket.destroy());
    (this.httpServer as Server).emit('request', request, response);
  }
}
