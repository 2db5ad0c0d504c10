import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { Connection } from '../connections/connection.js';
import { GATEWAY_CONFIG, type GatewayConfig } from '../gateway-config.js';
import { TokenBucket, type BucketRate } from './token-bucket.js';

/** Frames of any kind that a user may send for each message; above, reading waits. Judgement: joins, pages, receipts. */
const FRAMES_PER_SEND = 50;
/** Seconds of that rate that may come at once. */
const FRAME_BURST_SECONDS = 2;
/** `logic` limits each of its instances; only what is beyond any of that is a flood. */
const SENDS_ALLOWANCE = 2;
/** What a connection may send that has not said whose it is: a join of each of its rooms, say. */
const UNKNOWN_RATE: BucketRate = { burst: 100, perSecond: 10 };
/** Users remembered. Who is forgotten starts again with a full bucket. */
const MAX_USERS = 100_000;
/** A longer frame counts as several, as it costs as much. */
const BYTES_PER_FRAME = 4_096;

interface UserRates {
  readonly frames: TokenBucket;
  readonly sends: TokenBucket;
}

/**
 * How much of one user this instance deals with, over all of that user's connections: one account's flood is stopped
 * where it comes in, and costs nobody else anything.
 */
@Injectable()
export class FrameRates {
  private readonly users = new LRUCache<number, UserRates>({ max: MAX_USERS });
  private readonly unknown = new WeakMap<Connection, TokenBucket>();
  private readonly frames: BucketRate;
  private readonly sends: BucketRate;

  constructor(@Inject(GATEWAY_CONFIG) config: Pick<GatewayConfig, 'sendBurst' | 'sendsPerSecond'>) {
    const perSecond = FRAMES_PER_SEND * config.sendsPerSecond;
    this.frames = { burst: FRAME_BURST_SECONDS * perSecond, perSecond };
    this.sends = {
      burst: SENDS_ALLOWANCE * config.sendBurst,
      perSecond: SENDS_ALLOWANCE * config.sendsPerSecond,
    };
  }

  /** @returns 0 when a frame of so many bytes may be looked at, else how long it has to wait, milliseconds. */
  takeFrame(connection: Connection, bytes: number): number {
    const now = performance.now();
    const count = 1 + Math.floor(bytes / BYTES_PER_FRAME);
    const { identity } = connection;
    if (identity) return this.ofUser(identity.userId, now).frames.take(count, now);
    let bucket = this.unknown.get(connection);
    if (!bucket) this.unknown.set(connection, (bucket = new TokenBucket(UNKNOWN_RATE, now)));
    return bucket.take(count, now);
  }

  /** @returns 0 when a message may be passed on, else when to try again, milliseconds. */
  takeSend({ identity }: Connection): number {
    // Who has no name yet is refused for that, or is given one by this frame.
    if (!identity) return 0;
    const now = performance.now();
    return this.ofUser(identity.userId, now).sends.take(1, now);
  }

  private ofUser(userId: number, now: number): UserRates {
    let rates = this.users.get(userId);
    if (!rates) {
      rates = { frames: new TokenBucket(this.frames, now), sends: new TokenBucket(this.sends, now) };
      this.users.set(userId, rates);
    }
    return rates;
  }
}
