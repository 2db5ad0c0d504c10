import type { INestApplicationContext } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { limits } from '@parley/protocol';
import type { IncomingMessage } from 'node:http';

export interface ParleyWsAdapterOptions {
  /** Whether a browser page of this origin may connect; clients that are no browsers send none. */
  readonly isOriginAllowed: (origin: string) => boolean;
}

/** Inbound messages above this are cut off by ws itself (close 1009); between the two, a typed error answers. Bytes. */
const HARD_LIMIT_BYTES = 4 * limits.maxWsMessageBytes;

/**
 * Nest's WebSocket adapter with Parley's rules: text in, one event for every frame (what it means is decided in one place
 * for both transports), origins checked at the upgrade, compression off so that prepared frames can be written.
 */
export class ParleyWsAdapter extends WsAdapter {
  constructor(
    app: INestApplicationContext,
    private readonly rules: ParleyWsAdapterOptions,
  ) {
    super(app, { messageParser: (data) => ({ event: 'frame', data }) });
  }

  // The options are Nest's and ws's, untyped in WsAdapter too.
  override create(port: number, options: Record<string, unknown> = {}): unknown {
    return super.create(port, {
      ...options,
      perMessageDeflate: false,
      maxPayload: HARD_LIMIT_BYTES,
      clientTracking: false,
      verifyClient: (
        { req }: { req: IncomingMessage },
        answer: (allowed: boolean, status?: number, reason?: string) => void,
      ) => {
        const { origin } = req.headers;
        answer(origin === undefined || this.rules.isOriginAllowed(origin), 403, 'ORIGIN_DENIED');
      },
    } as never);
  }

  /** A protocol violation ends its connection; it is no error of ours, so it is not logged as one. */
  override bindErrorHandler<T>(server: T): T {
    return server;
  }
}
