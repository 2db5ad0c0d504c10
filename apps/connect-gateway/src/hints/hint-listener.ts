import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { bytesOfText, type DispatchEntry } from '@parley/contracts';
import { RedisConnections, RedisKeys, type RedisConnection } from '@parley/redis';
import { GATEWAY_CONFIG, type GatewayConfig } from '../gateway-config.js';
import { GatewayMetrics } from '../gateway-metrics.js';
import { RoomDirectory } from '../rooms/room-directory.js';
import { parseHint } from './hint.js';

/** Bytes of hints that wait for their rooms; what comes above is left to the worker. Half of what rooms may have taken. */
export const MAX_HINT_BYTES = 8 * 1024 * 1024;

/**
 * Takes messages of rooms in the very turn in which they are accepted: the accept script sends each to the gateways that
 * hold its room. Rooms take them as they take what workers give them, in order, once, and without a gap. Any of them
 * may be lost: the worker says a moment later how far each room must have come.
 *
 * @see docs/adr/0015-hints.md
 */
@Injectable()
export class HintListener implements OnApplicationBootstrap, OnApplicationShutdown {
  private subscriber: RedisConnection | undefined;
  /** Of this turn, by room. */
  private heard = new Map<number, DispatchEntry[]>();
  private heardBytes = 0;
  private waitingBytes = 0;

  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: Pick<GatewayConfig, 'instanceId' | 'hints'>,
    @Inject(RoomDirectory) private readonly rooms: Pick<RoomDirectory, 'hear'>,
    @Inject(RedisConnections) private readonly connections: Pick<RedisConnections, 'createSubscriber'>,
    @Inject(RedisKeys) private readonly keys: RedisKeys,
    @Inject(GatewayMetrics) private readonly metrics: Pick<GatewayMetrics, 'hints'>,
  ) {}

  /** Resolves when Redis has confirmed the subscription: nobody joins before, so nothing is missed at the start. */
  async onApplicationBootstrap(): Promise<void> {
    if (!this.config.hints) return;
    const { shardCount } = this.keys;
    const channels = Array.from({ length: shardCount }, (_, i) => this.keys.hints(i, this.config.instanceId));
    // A connection of its own: Redis ends one whose reader stands still, and that must not cost calls.
    const subscriber = this.connections.createSubscriber('hints');
    this.subscriber = subscriber;
    subscriber.on('message', (_channel: string, text: string) => this.hear(text));
    let first = true;
    subscriber.on('ready', () => {
      // Until then workers hand over what is accepted: the script sees that nobody listens.
      if (!first) void subscriber.subscribe(...channels).catch(() => undefined);
      first = false;
    });
    await subscriber.subscribe(...channels);
  }

  onApplicationShutdown(): void {
    this.subscriber?.disconnect();
  }

  private hear(text: string): void {
    const entry = parseHint(text);
    if (!entry) return;
    const bytes = bytesOfText(entry.body);
    if (this.waitingBytes + this.heardBytes + bytes > MAX_HINT_BYTES) return this.metrics.hints('dropped', 1);
    // Redis's answers come in pieces of many: those of one piece make one write for each member.
    if (this.heard.size === 0) queueMicrotask(() => this.take());
    this.heardBytes += bytes;
    const entries = this.heard.get(entry.roomId);
    if (entries) entries.push(entry);
    else this.heard.set(entry.roomId, [entry]);
  }

  private take(): void {
    const { heard } = this;
    this.heard = new Map();
    this.heardBytes = 0;
    for (const [roomId, entries] of heard) {
      const bytes = entries.reduce((sum, { body }) => sum + bytesOfText(body), 0);
      this.waitingBytes += bytes;
      this.metrics.hints('taken', entries.length);
      void this.rooms
        .hear(roomId, entries)
        // A gap that cannot be read now: the worker asks until it can.
        .catch(() => undefined)
        .finally(() => (this.waitingBytes -= bytes));
    }
  }
}
