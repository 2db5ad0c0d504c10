import { Inject } from '@nestjs/common';
import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  type OnGatewayConnection,
  type OnGatewayDisconnect,
} from '@nestjs/websockets';
import { AppError, limits } from '@parley/protocol';
import type { IncomingMessage } from 'node:http';
import type { RawData, WebSocket } from 'ws';
import { ConnectionLifecycle } from '../lifecycle/connection-lifecycle.service.js';
import { FrameDispatcher } from '../frames/frame-dispatcher.js';
import { refuse } from '../frames/replies.js';
import { WsConnection } from './ws-connection.js';

/** The WebSocket side of the gateway. */
@WebSocketGateway({ path: '/ws' })
export class ChatGateway implements OnGatewayConnection, OnGatewayDisconnect {
  private readonly connections = new WeakMap<WebSocket, WsConnection>();

  constructor(
    @Inject(ConnectionLifecycle) private readonly lifecycle: ConnectionLifecycle,
    @Inject(FrameDispatcher) private readonly frames: FrameDispatcher,
  ) {}

  handleConnection(ws: WebSocket, request: IncomingMessage): void {
    // Without a listener a violation of the WebSocket protocol would end the process.
    ws.on('error', () => undefined);
    const connection = new WsConnection(ws, request.socket);
    if (this.lifecycle.opened(connection)) this.connections.set(ws, connection);
  }

  handleDisconnect(ws: WebSocket): void {
    const connection = this.connections.get(ws);
    if (connection) this.lifecycle.closed(connection);
  }

  @SubscribeMessage('frame')
  async onFrame(@ConnectedSocket() ws: WebSocket, @MessageBody() data: RawData | string): Promise<void> {
    const connection = this.connections.get(ws);
    if (!connection) return;
    const text = typeof data === 'string' ? data : Buffer.isBuffer(data) ? data.toString('utf8') : undefined;
    if (text === undefined) return refuse(connection, new AppError('BAD_JSON'));
    if (Buffer.byteLength(text) > limits.maxWsMessageBytes)
      return refuse(connection, new AppError('FRAME_TOO_LARGE'));
    await this.frames.handle(connection, text);
  }
}
