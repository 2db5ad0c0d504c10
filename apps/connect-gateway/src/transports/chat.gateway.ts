import { Inject } from '@nestjs/common';
import { WebSocketGateway, type OnGatewayConnection } from '@nestjs/websockets';
import { AppError, limits } from '@parley/protocol';
import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import { FrameDispatcher } from '../frames/frame-dispatcher.js';
import { refuse } from '../frames/replies.js';
import { ConnectionLifecycle } from '../lifecycle/connection-lifecycle.service.js';
import { WsConnection } from './ws-connection.js';

/** The WebSocket side of the gateway. Where it listens, and for what, is the adapter's. */
@WebSocketGateway()
export class ChatGateway implements OnGatewayConnection {
  constructor(
    @Inject(ConnectionLifecycle) private readonly lifecycle: ConnectionLifecycle,
    @Inject(FrameDispatcher) private readonly frames: FrameDispatcher,
  ) {}

  handleConnection(ws: WebSocket, request: IncomingMessage): void {
    // Without a listener a violation of the WebSocket protocol would end the process.
    ws.on('error', () => undefined);
    const connection = new WsConnection(ws, request.socket);
    ws.on('close', () => this.lifecycle.closed(connection));
    if (!this.lifecycle.opened(connection)) return;
    ws.on('message', (data: Buffer) => {
      if (data.length > limits.maxWsMessageBytes) return refuse(connection, new AppError('FRAME_TOO_LARGE'));
      void this.frames.handle(connection, data.toString('utf8'));
    });
  }
}
