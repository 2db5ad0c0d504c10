import { Inject } from '@nestjs/common';
import { WebSocketGateway, type OnGatewayConnection } from '@nestjs/websockets';
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { FrameIntake } from '../frames/frame-intake.js';
import { ConnectionLifecycle } from '../lifecycle/connection-lifecycle.service.js';
import { CALLER_ADDRESS, type CallerAddressOf } from './caller-address.js';
import { WsConnection, type OwnedWebSocket } from './ws-connection.js';

/** The WebSocket side of the gateway. Where it listens, and for what, is the adapter's. */
@WebSocketGateway()
export class ChatGateway implements OnGatewayConnection {
  private readonly listeners: ReturnType<typeof listenersOf>;

  constructor(
    @Inject(CALLER_ADDRESS) private readonly callerAddressOf: CallerAddressOf,
    @Inject(ConnectionLifecycle) private readonly lifecycle: ConnectionLifecycle,
    @Inject(FrameIntake) frames: FrameIntake,
  ) {
    this.listeners = listenersOf(lifecycle, frames);
  }

  handleConnection(ws: OwnedWebSocket, request: IncomingMessage): void {
    const { error, close, message, ping } = this.listeners;
    // Without a listener a violation of the WebSocket protocol would end the process.
    ws.on('error', error);
    const connection = new WsConnection(ws, request.socket, this.callerAddressOf(request));
    ws.on('close', close);
    if (this.lifecycle.opened(connection)) ws.on('message', message).on('ping', ping);
  }
}

/** One of each for all connections. */
function listenersOf(lifecycle: ConnectionLifecycle, frames: FrameIntake) {
  return {
    error: () => undefined,
    close(this: OwnedWebSocket): void {
      if (this.owner) lifecycle.closed(this.owner);
    },
    message(this: OwnedWebSocket, data: Buffer, isBinary: boolean): void {
      if (!this.owner) return;
      if (isBinary || isUtf8(data)) frames.receive(this.owner, data);
      else this.owner.refuseText();
    },
    ping(this: OwnedWebSocket): void {
      if (this.owner) frames.tick(this.owner);
    },
  };
}
