import { Inject, Injectable } from '@nestjs/common';
import { MetricsRegistry } from '@parley/observability';
import { SEND_SECONDS } from '@parley/rpc';
import { ConnectionIndex } from './connections/connection-index.js';
import { refusals } from './connections/refusals.js';

/** What became of a hint. */
export type HintOutcome = 'taken' | 'dropped';

/** Why members are told to read a range of a room themselves. */
export type ResyncReason = 'slow' | 'gap' | 'epoch';

/** What there is here of rooms, and who is in them. */
export interface RoomCensus {
  readonly rooms: number;
  readonly conversations: number;
  /** Members that get every message at once. */
  readonly live: number;
  /** Members that are being brought up to their room's position. */
  readonly behind: number;
}

/** What this gateway counts; served at `/metrics`. */
@Injectable()
export class GatewayMetrics {
  private readonly deliveries;
  private readonly deliverSeconds;
  private readonly sendSeconds;
  private readonly hintsHeard;
  private readonly resyncs;
  private readonly slow;

  constructor(
    @Inject(MetricsRegistry) private readonly registry: MetricsRegistry,
    @Inject(ConnectionIndex) connections: ConnectionIndex,
  ) {
    this.deliveries = registry
      .tally({
        name: 'parley_deliveries_total',
        help: 'Messages handed to sockets: one for each message and member',
      })
      .of();
    this.deliverSeconds = registry
      .durations({
        name: 'parley_deliver_seconds',
        help: 'Messages from when they were taken here until they were written to the sockets of all live members',
      })
      .of();
    this.sendSeconds = registry.durations(SEND_SECONDS).of();
    const hints = registry.tally({
      name: 'parley_hints_total',
      help: 'Messages heard of as they were accepted: given to their rooms, or left to the worker because too much was on its way',
      labels: ['outcome'],
    });
    this.hintsHeard = { taken: hints.of('taken'), dropped: hints.of('dropped') };
    const resyncs = registry.tally({
      name: 'parley_resyncs_total',
      help: 'Members told to read a range of a room themselves: they were too slow, the log has a gap, an epoch ended',
      labels: ['reason'],
    });
    this.resyncs = { slow: resyncs.of('slow'), gap: resyncs.of('gap'), epoch: resyncs.of('epoch') };
    this.slow = registry
      .tally({
        name: 'parley_slow_members_total',
        help: 'Members that fell behind because their sockets held too much',
      })
      .of();
    registry.gauge({
      name: 'parley_connections',
      help: 'Open connections',
      collect() {
        this.set(connections.size);
      },
    });
    registry.counter({
      name: 'parley_connections_opened_total',
      help: 'Connections taken, whether or not they are still open',
      collect() {
        this.reset();
        this.inc(connections.opened);
      },
    });
    registry.counter({
      name: 'parley_refusals_total',
      help: 'Frames and connections refused, by code',
      labelNames: ['code'],
      collect() {
        this.reset();
        for (const [code, count] of refusals()) this.inc({ code }, count);
      },
    });
    registry.gauge({
      name: 'parley_outbound_buffered_bytes',
      help: 'Bytes written to sockets that the operating system has not taken yet, over all connections',
      collect() {
        let bytes = 0;
        for (const connection of connections.all()) bytes += connection.bufferedBytes;
        this.set(bytes);
      },
    });
  }

  /** @param census - Asked when the metrics are read. */
  watchRooms(census: () => RoomCensus): void {
    this.registry.gauge({
      name: 'parley_rooms',
      help: 'Rooms and conversations that somebody has open here',
      labelNames: ['kind'],
      collect() {
        const { rooms, conversations } = census();
        this.set({ kind: 'room' }, rooms);
        this.set({ kind: 'direct' }, conversations);
      },
    });
    this.registry.gauge({
      name: 'parley_members',
      help: 'Connections in rooms, one for each room: live, or behind and being brought up to date',
      labelNames: ['state'],
      collect() {
        const { live, behind } = census();
        this.set({ state: 'live' }, live);
        this.set({ state: 'behind' }, behind);
      },
    });
  }

  hints(outcome: HintOutcome, count: number): void {
    this.hintsHeard[outcome].add(count);
  }

  /** @param tookMs - Since the first of these messages was taken. */
  delivered(messages: number, members: number, tookMs: number): void {
    this.deliveries.add(messages * members);
    this.deliverSeconds.observe(tookMs / 1_000, messages);
  }

  /** A send was acknowledged. */
  sent(seconds: number): void {
    this.sendSeconds.observe(seconds);
  }

  resynced(reason: ResyncReason, members: number): void {
    this.resyncs[reason].add(members);
  }

  /** A live member fell behind. */
  fellBehind(): void {
    this.slow.add();
  }
}
