import { AsyncLocalStorage } from 'node:async_hooks';

/** Values that say something of a span: ids of ours, counts, codes. Never a text of somebody's, a token or a password. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** What a span stands for: a request served, one made, or something taken from a queue. */
export type SpanKind = 'server' | 'client' | 'consumer' | 'internal';

/** Something that takes time, in a trace. */
export interface TraceSpan {
  /**
   * Names it to other processes.
   *
   * @see https://www.w3.org/TR/trace-context/#traceparent-header
   */
  readonly traceparent: string;
  readonly isOver: boolean;
  /** Later calls do nothing. @param error - A code, when it failed. */
  end(error?: string, attributes?: SpanAttributes): void;
}

/** Begins spans. There is one while tracing is on. */
export interface Tracer {
  /** A trace of its own; undefined when this one's turn has not come. */
  root(name: string, kind: SpanKind, attributes?: SpanAttributes): TraceSpan | undefined;
  /** Part of a trace; undefined when the parent is no traceparent, or of a trace that is not recorded. */
  child(name: string, kind: SpanKind, parent: string, attributes?: SpanAttributes): TraceSpan | undefined;
}

let active: Tracer | undefined;
const storage = new AsyncLocalStorage<TraceSpan>();

/** The tracer; undefined while tracing is off, and then to ask is all that it costs. */
export function tracer(): Tracer | undefined {
  return active;
}

/** Turns tracing on, or off. */
export function setTracer(next: Tracer | undefined): void {
  active = next;
}

/** Runs `fn`, and all that it starts, as part of a span. */
export function runInSpan<T>(span: TraceSpan, fn: () => T): T {
  return storage.run(span, fn);
}

/** The span that this is part of, for what goes to other processes; undefined when there is none, or it is over. */
export function currentTraceparent(): string | undefined {
  if (!active) return undefined;
  const span = storage.getStore();
  // What a request has started may go on for hours.
  return span && !span.isOver ? span.traceparent : undefined;
}

/** The trace that a traceparent is of, 32 hexadecimal digits. */
export function traceIdOf(traceparent: string): string {
  return traceparent.slice(3, 35);
}
