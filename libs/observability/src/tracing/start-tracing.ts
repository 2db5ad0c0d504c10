import type { Attributes, SpanContext } from '@opentelemetry/api';
import { VERSION } from '../version.js';
import { setTracer, type SpanKind, type TraceSpan } from './tracer.js';

export interface TracingOptions {
  /** Where OTLP over HTTP is taken, e.g. `http://collector:4318/v1/traces`. */
  readonly url: string;
  /** One request or frame in so many is traced. */
  readonly oneIn: number;
  readonly service: string;
  readonly instanceId: string;
  /** Told when spans could not be handed over. They are dropped: nobody waits for them. */
  readonly onError: (error: Error) => void;
}

/** Spans that wait to be handed over; further ones are dropped. */
const MAX_WAITING = 4_096;
const SEND_EVERY_MS = 1_000;
/** How long a collector may take, milliseconds. */
const SEND_WITHIN_MS = 3_000;

/** Version 00, of a trace that is recorded. */
const TRACEPARENT = /^00-([\da-f]{32})-([\da-f]{16})-[\da-f][13579bdf]$/;

/** The context that a traceparent names; undefined when it names none that is recorded. */
export function parseTraceparent(text: string): SpanContext | undefined {
  const [, traceId = '', spanId = ''] = TRACEPARENT.exec(text) ?? [];
  if (/^0*$/.test(traceId) || /^0*$/.test(spanId)) return undefined;
  return { traceId, spanId, traceFlags: 1, isRemote: true };
}

/**
 * Turns tracing on: spans go to a collector by OTLP over HTTP. Only here OpenTelemetry is loaded. Headers for the collector are
 * read from `OTEL_EXPORTER_OTLP_HEADERS` by its exporter.
 *
 * @returns What turns it off again, when what was recorded has been handed over.
 * @see https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
export async function startTracing(options: TracingOptions): Promise<() => Promise<void>> {
  // Imports of their own, so that a bundler leaves them where they are: without tracing none of it is read.
  const [api, sdk, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const said = (...args: unknown[]) => options.onError(new Error(whyNot(args)));
  const silent = () => undefined;
  api.diag.setLogger(
    { error: said, warn: said, info: silent, debug: silent, verbose: silent },
    { logLevel: api.DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  const exporter = new OTLPTraceExporter({ url: options.url, timeoutMillis: SEND_WITHIN_MS });
  const provider = new sdk.BasicTracerProvider({
    sampler: new sdk.AlwaysOnSampler(),
    resource: resourceFromAttributes({
      'service.namespace': 'parley',
      'service.name': options.service,
      'service.version': VERSION,
      'service.instance.id': options.instanceId,
    }),
    spanProcessors: [
      new sdk.BatchSpanProcessor(exporter, {
        maxQueueSize: MAX_WAITING,
        scheduledDelayMillis: SEND_EVERY_MS,
        exportTimeoutMillis: SEND_WITHIN_MS,
      }),
    ],
  });
  const spans = provider.getTracer('parley', VERSION);
  const kinds: Record<SpanKind, number> = {
    internal: api.SpanKind.INTERNAL,
    server: api.SpanKind.SERVER,
    client: api.SpanKind.CLIENT,
    consumer: api.SpanKind.CONSUMER,
  };
  const begin = (name: string, kind: SpanKind, parent?: SpanContext, attributes?: Attributes): TraceSpan => {
    const context = parent ? api.trace.setSpanContext(api.ROOT_CONTEXT, parent) : api.ROOT_CONTEXT;
    const span = spans.startSpan(name, { kind: kinds[kind], ...(attributes && { attributes }) }, context);
    const { traceId, spanId } = span.spanContext();
    return {
      traceparent: `00-${traceId}-${spanId}-01`,
      get isOver() {
        return !span.isRecording();
      },
      end: (error, more) => {
        if (!span.isRecording()) return;
        if (more) span.setAttributes(more);
        if (error !== undefined) span.setStatus({ code: api.SpanStatusCode.ERROR, message: error });
        span.end();
      },
    };
  };
  setTracer({
    root: (name, kind, attributes) =>
      Math.random() * options.oneIn < 1 ? begin(name, kind, undefined, attributes) : undefined,
    child: (name, kind, parent, attributes) => {
      const context = parseTraceparent(parent);
      return context && begin(name, kind, context, attributes);
    },
  });
  return async () => {
    setTracer(undefined);
    await provider.shutdown();
    api.diag.disable();
  };
}

/** What may be said of a failed export: a code or a status, and nothing of what was sent, where, or with which headers. */
function whyNot(args: readonly unknown[]): string {
  const text = args
    .map((arg) => (arg instanceof Error ? `${arg.name} ${arg.message}` : String(arg)))
    .join(' ');
  const code = /\b(E[A-Z]{4,}|UND_ERR_\w+|[Tt]imeout|[45]\d\d)\b/.exec(text)?.[1];
  return `spans were not taken${code === undefined ? '' : `: ${code}`}`;
}
