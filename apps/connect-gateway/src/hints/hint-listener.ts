import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { bytesOfText } from '@parley/contracts';
import { tracer } from '@parley/observability';
import {
  keepSubscribed,
  parseHint,
  parseTraceNote,
  RedisConnections,
  RedisKeys,
  type Hint,
  type RedisConnection,
} from '@parley/redis';
import { GATEWAY_CONFIG, type GatewayConfig } from '../gateway-config.js';
import { GatewayMetrics } from '../gateway-metrics.js';
import { RoomDirectory } from '../rooms/room-directory.js';

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
  private heard = new Map<number, { readonly entries: Hint[]; bytes: number }>();
  /** Of all that no room has taken yet. */
  private waitingBytes = 0;

  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: Pick<GatewayConfig, 'instanceId' | 'hints'>,
    @Inject(RoomDirectory) private readonly rooms: Pick<RoomDirectory, 'hear' | 'expectTraced'>,
    @Inject(RedisConnections) private readonly connections: Pick<RedisConnections, 'createSubscriber'>,
    @Inject(RedisKeys) private readonly keys: RedisKeys,
    @Inject(GatewayMetrics) private readonly metrics: Pick<GatewayMetrics, 'hints'>,
  ) {}

  /** Resolves when Redis has confirmed the subscription. Without it workers hand over: the accept script sees that nobody listens. */
  async onApplicationBootstrap(): Promise<void> {
    if (!this.config.hints) return;
    const { shardCount } = this.keys;
    const channels = Array.from({ length: shardCount }, (_, i) => this.keys.hints(i, this.config.instanceId));
    // A connection of its own: Redis ends one whose reader stands still, and that must not cost calls.
    const subscriber = this.connections.createSubscriber('hints');
    this.subscriber = subscriber;
    subscriber.on('message', (_channel: string, text: string) => this.hear(text));
    await keepSubscribed(subscriber, channels);
  }

  onApplicationShutdown(): void {
    this.subscriber?.disconnect();
  }

  private hear(text: string): void {
    const entry = parseHint(text);
    if (!entry) return this.note(text);
    const bytes = bytesOfText(entry.body);
    if (this.waitingBytes + bytes > MAX_HINT_BYTES) return this.metrics.hints('dropped', 1);
    this.waitingBytes += bytes;
    // Redis's answers come in pieces of many: those of one piece make one write for each member.
    if (this.heard.size === 0) queueMicrotask(() => this.take());
    let ofRoom = this.heard.get(entry.roomId);
    if (!ofRoom) this.heard.set(entry.roomId, (ofRoom = { entries: [], bytes: 0 }));
    ofRoom.entries.push(entry);
    ofRoom.bytes += bytes;
  }

  /** What is no hint may say what the next one is part of. */
  private note(text: string): void {
    const note = tracer() && parseTraceNote(text);
    if (note) this.rooms.expectTraced(note.roomId, note.seq, note.traceparent);
  }

  private take(): void {
    const { heard } = this;
    this.heard = new Map();
    for (const [roomId, { entries, bytes }] of heard) {
      this.metrics.hints('taken', entries.length);
      void this.rooms
        .hear(roomId, entries)
        // A gap that cannot be read now: the worker asks until it can.
        .catch(() => undefined)
        .finally(() => (this.waitingBytes -= bytes));
    }
  }
}
