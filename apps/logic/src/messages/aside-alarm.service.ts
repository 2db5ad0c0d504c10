import { Inject, Injectable } from '@nestjs/common';
import { MetricsRegistry, type ErrorLog } from '@parley/observability';
import { AppError } from '@parley/protocol';
import type { Refusal } from '../archive/archive-writer.js';
import { ERROR_LOG } from '../error-log.js';

/** Says that an accepted message could not be archived like the others: a count, and a line with its ids. */
@Injectable()
export class AsideAlarm {
  private readonly count;

  constructor(
    @Inject(MetricsRegistry) metrics: MetricsRegistry,
    @Inject(ERROR_LOG) private readonly logError: ErrorLog,
  ) {
    this.count = metrics.counter({
      name: 'parley_messages_set_aside_total',
      help: 'Accepted messages that are kept apart, because SQL refused them or has another one under their number',
      labelNames: ['reason'],
    });
    // Prometheus takes what begins with 1 for no increase: the first one would ring nowhere.
    const reasons = ['refused', 'unreadable', 'conflict'] as const satisfies readonly Refusal['reason'][];
    for (const reason of reasons) this.count.inc({ reason }, 0);
  }

  /** Ids only: never what is in the message. */
  raise({ entry: { roomId, seq }, reason, sqlCode }: Refusal): void {
    this.count.inc({ reason });
    this.logError(
      new AppError('INVALID', { context: { roomId, seq, aside: reason, sqlCode } }),
      'message set aside',
    );
  }
}
