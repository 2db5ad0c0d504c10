import { tracer, type TraceSpan } from '@parley/observability';
import type { StreamItem } from '@parley/queue';

/** A span of what is done with an item; undefined when its acceptance was not traced. */
export function spanOf(what: 'dispatch' | 'archive', { entry, hinted }: StreamItem): TraceSpan | undefined {
  const { roomId, seq, traceparent } = entry;
  if (traceparent === undefined) return undefined;
  const attributes = { 'parley.room': roomId, 'parley.seq': seq, 'parley.hinted': hinted };
  return tracer()?.child(what, 'consumer', traceparent, attributes);
}
