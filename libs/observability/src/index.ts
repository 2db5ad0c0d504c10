export {
  bootstrapApp,
  MAX_PARAM_LENGTH,
  type BootstrapConfig,
  type BootstrapOptions,
} from './bootstrap-app.js';
export {
  correlationIdOf,
  currentCorrelationId,
  installCorrelation,
  runWithCorrelationId,
} from './correlation.js';
export { Durations, Tally } from './durations.js';
export { throttledErrorLog, type ErrorLog } from './error-log.js';
export { HealthModule, HealthRegistry, type HealthCheck, type Readiness } from './health.js';
export { answerAndClose, type TlsSide } from './http-sockets.js';
export { createLogger, LoggingModule, type LoggingOptions } from './logging.module.js';
export type { DurationsMetric, MetricSpec, TallyMetric } from './labelled-metric.js';
export { type MetricsAccess } from './metrics-access.js';
export { MetricsModule, MetricsRegistry, type MetricsOptions } from './metrics.js';
export { noticeLog, type NoticeLog } from './notice-log.js';
export { Logger, PinoLogger } from 'nestjs-pino';
export { ShutdownRegistry, type DrainHook, type DrainOptions } from './shutdown-registry.js';
export { installHttpTracing } from './tracing/http-tracing.js';
export { startTracing, type TracingOptions } from './tracing/start-tracing.js';
export {
  currentTraceparent,
  runInSpan,
  setTracer,
  traceIdOf,
  tracer,
  type SpanAttributes,
  type SpanKind,
  type Tracer,
  type TraceSpan,
} from './tracing/tracer.js';
export { VERSION } from './version.js';
export { cameOverTls } from './tls/came-over-tls.js';
export {
  failedHandshakes,
  limitHandshakes,
  type HandshakeLimits,
  type HandshakeRules,
} from './tls/handshakes.js';
export { openIdentity } from './tls/open-identity.js';
export { ServerIdentity, type ServerIdentityListener, type ServerTlsOptions } from './tls/server-identity.js';
export { within } from './within.js';
