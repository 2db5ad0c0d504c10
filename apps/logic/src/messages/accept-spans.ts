import type { Send, SendResult } from '@parley/contracts';
import { currentTraceparent, traceIdOf, tracer, type TraceSpan } from '@parley/observability';

/** The acceptances of one call that are traced, by the place of their send in it. */
export class AcceptSpans {
  private readonly spans = new Map<number, TraceSpan>();

  /** @returns Undefined when none of the sends is traced: then there is nothing to do. */
  static of(sends: readonly Send[]): AcceptSpans | undefined {
    const spans = tracer();
    if (!spans || !sends.some(({ traceparent }) => traceparent !== undefined)) return undefined;
    const accepts = new AcceptSpans();
    const call = currentTraceparent();
    sends.forEach(({ traceparent }, index) => {
      if (traceparent === undefined) return;
      // The call is of one of its sends alone; the others are parts of what they came with.
      const isOfCall = call !== undefined && traceIdOf(call) === traceIdOf(traceparent);
      const span = spans.child('accept', 'internal', isOfCall ? call : traceparent);
      if (span) accepts.spans.set(index, span);
    });
    return accepts;
  }

  traceparentOf(index: number): string | undefined {
    return this.spans.get(index)?.traceparent;
  }

  end(results: readonly SendResult[]): void {
    for (const [index, span] of this.spans) {
      const result = results[index];
      if (result?.ok) {
        const { roomId, seq, duplicate } = result.ack;
        span.end(undefined, { 'parley.room': roomId, 'parley.seq': seq, 'parley.duplicate': duplicate });
      } else if (result?.apart || result?.alone) span.end(undefined, { 'parley.given_back': true });
      else span.end(result?.code ?? 'INTERNAL');
    }
  }
}
