import { Inject } from '@nestjs/common';
import { WebSocketGateway, type OnGatewayConnection } from '@nestjs/websockets';
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import { FrameIntake } from '../frames/frame-intake.js';
import { ConnectionLifecycle } from '../lifecycle/connection-lifecycle.service.js';
import { CALLER_ADDRESS, type CallerAddressOf } from './caller-address.js';
import { WsConnection } from './ws-connection.js';

/** The WebSocket side of the gateway. Where it listens, and for what, is the adapter's. */
@WebSocketGateway()
export class ChatGateway implements OnGatewayConnection {
  constructor(
    @Inject(CALLER_ADDRESS) private readonly callerAddressOf: CallerAddressOf,
    @Inject(ConnectionLifecycle) private readonly lifecycle: ConnectionLifecycle,
    @Inject(FrameIntake) private readonly frames: FrameIntake,
  ) {}

  handleConnection(ws: WebSocket, request: IncomingMessage): void {
    // Without a listener a violation of the WebSocket protocol would end the process.
    ws.on('error', () => undefined);
    const connection = new WsConnection(ws, request.socket, this.callerAddressOf(request));
    ws.on('close', () => this.lifecycle.closed(connection));
    if (!this.lifecycle.opened(connection)) return;
    ws.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary || isUtf8(data)) this.frames.receive(connection, data);
      else connection.refuseText();
    });
    ws.on('ping', () => this.frames.tick(connection));
  }
}
