import { Inject, Injectable } from '@nestjs/common';
import { MetricsRegistry } from '@parley/observability';
import { ConnectionIndex } from './connections/connection-index.js';

/** What became of a hint. */
export type HintOutcome = 'taken' | 'dropped';

/** What this gateway counts; served at `/metrics`. */
@Injectable()
export class GatewayMetrics {
  private readonly deliveries: { inc(count: number): void };
  private readonly hintsHeard: { inc(labels: { outcome: HintOutcome }, count: number): void };

  constructor(
    @Inject(MetricsRegistry) registry: MetricsRegistry,
    @Inject(ConnectionIndex) connections: ConnectionIndex,
  ) {
    this.deliveries = registry.counter({
      name: 'parley_deliveries_total',
      help: 'Messages handed to sockets: one for each message and member',
    });
    this.hintsHeard = registry.counter({
      name: 'parley_hints_total',
      help: 'Messages heard of as they were accepted: given to their rooms, or left to the worker because too much was on its way',
      labelNames: ['outcome'],
    });
    registry.gauge({
      name: 'parley_connections',
      help: 'Open connections',
      collect() {
        this.set(connections.size);
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

  hints(outcome: HintOutcome, count: number): void {
    this.hintsHeard.inc({ outcome }, count);
  }

  delivered(count: number): void {
    this.deliveries.inc(count);
  }
}
