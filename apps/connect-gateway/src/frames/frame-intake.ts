import { Inject, Injectable } from '@nestjs/common';
import { AppError, limits } from '@parley/protocol';
import { isUtf8 } from 'node:buffer';
import type { Connection } from '../connections/connection.js';
import { GATEWAY_CONFIG, type GatewayConfig } from '../gateway-config.js';
import { FrameDispatcher } from './frame-dispatcher.js';
import { FrameRates } from './frame-rates.js';
import { refuse } from './replies.js';

/** Frames of one connection in hand at a time; more wait in its socket. */
const MAX_IN_FLIGHT = 256;
/** Shortest pause of a sender that is too fast: several frames are handled then, for one timer. Milliseconds. */
const MIN_WAIT_MS = 20;

/**
 * Takes frames from the transports, as fast as their sender may send and reads the answers. What is too much is not
 * read: it waits in the sender's socket. No more than one read of the socket waits here.
 */
@Injectable()
export class FrameIntake {
  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: Pick<GatewayConfig, 'maxOutboundBytes'>,
    @Inject(FrameDispatcher) private readonly frames: FrameDispatcher,
    @Inject(FrameRates) private readonly rates: FrameRates,
  ) {}

  /** Takes the bytes of one frame. */
  receive(connection: Connection, payload: Buffer): void {
    if (!connection.isOpen) return;
    connection.lastSeenAt = performance.now();
    if (payload.length > limits.maxWsMessageBytes) return refuse(connection, new AppError('FRAME_TOO_LARGE'));
    const { waiting } = connection;
    if (waiting || !this.mayHandle(connection, payload.length)) this.wait(connection).frames.push(payload);
    else void this.handle(connection, payload);
  }

  /** Counts what has no content, a WebSocket's ping. */
  tick(connection: Connection): void {
    if (connection.isOpen && !connection.waiting) this.mayHandle(connection, 0);
  }

  /** Whether a frame may be handled now; if not, somebody will call {@link goOn}. */
  private mayHandle(connection: Connection, bytes: number): boolean {
    if (connection.inFlight >= MAX_IN_FLIGHT) return false;
    const waitMs = this.rates.takeFrame(connection, bytes);
    if (waitMs === 0) return true;
    const waiting = this.wait(connection);
    waiting.timer ??= setTimeout(
      () => {
        waiting.timer = undefined;
        this.goOn(connection);
      },
      Math.max(waitMs, MIN_WAIT_MS),
    ).unref();
    return false;
  }

  private wait(connection: Connection): NonNullable<Connection['waiting']> {
    if (!connection.waiting) connection.pauseReading();
    return (connection.waiting ??= { frames: [], next: 0, timer: undefined });
  }

  private goOn(connection: Connection): void {
    const { waiting } = connection;
    // One that is closed has been let go of.
    if (!waiting || waiting.timer || !connection.isOpen) return;
    for (let frame; (frame = waiting.frames[waiting.next]); waiting.next++) {
      if (!this.mayHandle(connection, frame.length)) return;
      void this.handle(connection, frame);
      if (!connection.isOpen) return;
    }
    connection.waiting = undefined;
    connection.resumeReading();
  }

  private async handle(connection: Connection, payload: Buffer): Promise<void> {
    connection.inFlight++;
    try {
      await this.frames.handle(connection, isUtf8(payload) ? payload.toString('utf8') : undefined);
      // Whoever does not read the answers may not go on asking.
      await connection.whenTaken(this.config.maxOutboundBytes);
    } finally {
      connection.inFlight--;
      this.goOn(connection);
    }
  }
}
