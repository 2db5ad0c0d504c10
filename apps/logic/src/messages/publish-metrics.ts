import { Inject, Injectable } from '@nestjs/common';
import type { SendResult } from '@parley/contracts';
import { MetricsRegistry, type Tally } from '@parley/observability';

/** Counts what became of sends; served at `/metrics`. */
@Injectable()
export class PublishMetrics {
  private readonly seconds;
  private readonly sends;
  private readonly known = new Map<string, Tally>();

  constructor(@Inject(MetricsRegistry) registry: MetricsRegistry) {
    this.seconds = registry
      .durations({
        name: 'parley_accept_seconds',
        help: 'Messages from when their call came here until Redis had accepted them',
      })
      .of();
    this.sends = registry.tally({
      name: 'parley_sends_total',
      help: 'Sends by what became of them: accepted, duplicate, or the code of the refusal',
      labels: ['outcome'],
    });
  }

  /** One call has been answered. What was given back, to be sent again by itself, is counted then. */
  published(results: readonly SendResult[], tookMs: number): void {
    let accepted = 0;
    for (const result of results) {
      if (!result.ok) {
        if (!result.apart && !result.alone) this.count(result.code);
      } else if (result.ack.duplicate) this.count('duplicate');
      else accepted++;
    }
    if (accepted === 0) return;
    this.count('accepted', accepted);
    this.seconds.observe(tookMs / 1_000, accepted);
  }

  private count(outcome: string, times = 1): void {
    let tally = this.known.get(outcome);
    if (!tally) this.known.set(outcome, (tally = this.sends.of(outcome)));
    tally.add(times);
  }
}
