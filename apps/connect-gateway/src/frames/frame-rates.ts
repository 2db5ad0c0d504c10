import { Inject, Injectable } from '@nestjs/common';
import { TokenBuckets, type BucketRate } from '@parley/service-host/rates';
import type { Connection } from '../connections/connection.js';
import { GATEWAY_CONFIG, type GatewayConfig } from '../gateway-config.js';

/** Frames of any kind that a user may send for each message; above, reading waits. Judgement: joins, pages, receipts. */
const FRAMES_PER_SEND = 50;
/** Seconds of that rate that may come at once. */
const FRAME_BURST_SECONDS = 2;
/** `logic` limits each of its instances; only what is beyond any of that is a flood. */
const SENDS_ALLOWANCE = 2;
/** What a connection may send that has not said whose it is: a join of each of its rooms, say. */
const UNKNOWN_RATE: BucketRate = { burst: 100, perSecond: 10 };
/** A longer frame counts as several, as it costs as much. */
const BYTES_PER_FRAME = 4_096;

/**
 * How much of one user this instance deals with, over all of that user's connections: one account's flood is stopped
 * where it comes in, and costs nobody else anything.
 */
@Injectable()
export class FrameRates {
  private readonly frames: TokenBuckets<number>;
  private readonly sends: TokenBuckets<number>;
  /** Of connections without a user, by their ids. */
  private readonly unknown = new TokenBuckets<number>(UNKNOWN_RATE);

  constructor(@Inject(GATEWAY_CONFIG) config: Pick<GatewayConfig, 'sendBurst' | 'sendsPerSecond'>) {
    const perSecond = FRAMES_PER_SEND * config.sendsPerSecond;
    this.frames = new TokenBuckets({ burst: FRAME_BURST_SECONDS * perSecond, perSecond });
    this.sends = new TokenBuckets({
      burst: SENDS_ALLOWANCE * config.sendBurst,
      perSecond: SENDS_ALLOWANCE * config.sendsPerSecond,
    });
  }

  /** @returns 0 when a frame of so many bytes may be looked at, else how long it has to wait, milliseconds. */
  takeFrame(connection: Connection, bytes: number): number {
    const now = performance.now();
    const count = 1 + Math.floor(bytes / BYTES_PER_FRAME);
    const { identity, id } = connection;
    return identity ? this.frames.take(identity.userId, count, now) : this.unknown.take(id, count, now);
  }

  /** @returns 0 when a message may be passed on, else when to try again, milliseconds. */
  takeSend({ identity }: Connection): number {
    // Who has no name yet is refused for that, or is given one by this frame.
    if (!identity) return 0;
    return this.sends.take(identity.userId, 1, performance.now());
  }
}
