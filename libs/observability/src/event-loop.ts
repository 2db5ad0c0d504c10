import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import type { Durations } from './durations.js';

/** How often the event loop is looked at, milliseconds. Each look wakes the process. */
export const EVENT_LOOP_SAMPLE_MS = 100;

/**
 * Measures how late the event loop is: a timer that is due says by how much. Node's own monitor, of which prom-client makes
 * metrics, counts the pause between two looks as delay, and keeps quantiles that cannot be put together over instances.
 */
export class EventLoopWatch implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly delays: Pick<Durations, 'observe'>) {}

  onApplicationBootstrap(): void {
    let dueAt = performance.now() + EVENT_LOOP_SAMPLE_MS;
    this.timer = setInterval(() => {
      const now = performance.now();
      this.delays.observe((now - dueAt) / 1_000);
      dueAt = now + EVENT_LOOP_SAMPLE_MS;
    }, EVENT_LOOP_SAMPLE_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }
}
