import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { installCorrelation } from './correlation.js';
import { HealthRegistry } from './health.js';
import { HttpDrain } from './http-drain.js';
import { HTTP_REQUESTS, installHttpMetrics } from './http-metrics.js';
import { guardedServer, refuseToHandOver } from './http-sockets.js';
import type { RequestListener, Server } from 'node:http';
import { throttledErrorLog, type ErrorLog } from './error-log.js';
import { addressKey } from '@parley/config';
import { createLogger } from './logging.module.js';
import { MetricsRegistry } from './metrics.js';
import { NestLogger } from './nest-logger.js';
import { noticeLog } from './notice-log.js';
import { readableAddress } from './readable-address.js';
import { ShutdownRegistry } from './shutdown-registry.js';
import { StopSequence } from './stop-sequence.js';
import { startTracing } from './tracing/start-tracing.js';
import { failedHandshakes, type HandshakeLimits } from './tls/handshakes.js';
import type { ServerIdentity } from './tls/server-identity.js';

/** What of the config the start-up needs. */
export interface BootstrapConfig {
  readonly instanceId: string;
  readonly host: string;
  readonly supervised: boolean;
  readonly log: { readonly level: string; readonly pretty?: boolean | undefined };
  readonly shutdown: { readonly drainWindowMs: number };
  /** Tracing is off without a URL. */
  readonly trace?: { readonly url?: { reveal(): string } | undefined; readonly oneIn: number };
}

export interface BootstrapOptions {
  readonly service: string;
  readonly config: BootstrapConfig;
  /** Root module; must import `LoggingModule`, `HealthModule` and `MetricsModule`. */
  readonly module: Parameters<typeof NestFactory.create>[0];
  /** HTTP port; 0 for any. */
  readonly port: number;
  /** Name of the HTTP port in the `ready` line: `http`, `ws` or `admin`. */
  readonly portName: string;
  /** What the HTTP server shows to whoever connects. @defaultValue it speaks plain HTTP */
  readonly identity?: ServerIdentity | undefined;
  /** Which TLS handshakes may begin, asked once the app is there. @defaultValue 2,000 of an address, 10,000 in all */
  readonly handshakes?: (app: NestFastifyApplication) => HandshakeLimits;
  /** Largest HTTP body, bytes. */
  readonly bodyLimitBytes?: number;
  /** Proxies whose forwarding headers count: addresses and networks. @defaultValue none */
  readonly trustProxy?: readonly string[];
  /** A request that has not come whole by then is answered 408, and its connection closed. @defaultValue 10_000 */
  readonly requestTimeoutMs?: number;
  /** Prepares the app before it listens: adapters, microservices, CORS. */
  readonly configure?: (app: NestFastifyApplication) => void | Promise<void>;
  /** Runs when HTTP listens; answers further ports for the `ready` line. The app is ready when it resolves. */
  readonly onListening?: (
    app: NestFastifyApplication,
    port: number,
  ) => Promise<Record<string, number> | void>;
  /** Runs on SIGTERM, while everything still works: hand over what others can do, finish what is in hand. */
  readonly drain?: (app: NestFastifyApplication) => Promise<void>;
}

/** TLS handshakes under way: of one address as many as the requests it may send at once, and of all some 500 MB. */
const MAX_HANDSHAKES = { ofCaller: 2_000, all: 10_000 };
const defaultLimits: HandshakeLimits = {
  mayBegin: ({ ofCaller, all }) => ofCaller < MAX_HANDSHAKES.ofCaller && all < MAX_HANDSHAKES.all,
  callerOf: addressKey,
};
/** How often within its time a request is looked at: so much later may it end. */
const REQUEST_CHECKS = 10;
/** An idle connection is kept this long for the next request: longer than proxies keep theirs. Milliseconds. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000;
/** No part of an address is longer: Node.js takes heads of 16 KiB. Fastify would refuse one by itself, in its own words. */
export const MAX_PARAM_LENGTH = 16_384;
/** Time that draining may take beyond the drain window, milliseconds. */
const DRAIN_MARGIN_MS = 2_000;
/** Time that draining and closing together may take beyond the drain window, milliseconds. */
const SHUTDOWN_MARGIN_MS = 4_000;

/**
 * Starts an app, and ends it well: SIGTERM, SIGINT, or the end of its supervisor → not ready → drain → requests in
 * hand answered → close → exit 0. A second signal (250 ms or more after the first), or a shutdown that takes longer
 * than the drain window and 4 s, exits 1. So does an error that nobody handled, and a start that fails.
 *
 * `drain` runs first, then the hooks of {@link ShutdownRegistry}, all within the drain window and 2 s; one that is
 * late or fails is logged and the rest goes on.
 *
 * When it is ready it logs one line, `ready`, with its ports, whatever the log level.
 */
export async function bootstrapApp(options: BootstrapOptions): Promise<NestFastifyApplication> {
  const { service, config, requestTimeoutMs = 10_000 } = options;
  const { drainWindowMs } = config.shutdown;
  const logger = createLogger({ service, instanceId: config.instanceId, ...config.log });
  const fatal = (error: unknown, event: string): never => {
    logger.fatal({ err: error, event }, 'fatal');
    process.exit(1);
  };
  process.on('uncaughtException', (error) => fatal(error, 'uncaughtException'));
  process.on('unhandledRejection', (error) => fatal(error, 'unhandledRejection'));

  const endTracing = await startTracingFor(options, throttledErrorLog(logger)).catch((error: unknown) =>
    fatal(error, 'start'),
  );
  const servers: Server[] = [];
  const { identity } = options;
  let handshakes = defaultLimits;
  const tls = identity && {
    identity,
    handshakes: {
      mayBegin: (...args: Parameters<HandshakeLimits['mayBegin']>) => handshakes.mayBegin(...args),
      callerOf: (address: string | undefined) => handshakes.callerOf(address),
      onFailed: failedHandshakes(noticeLog(logger)),
    },
  };
  const adapter = new FastifyAdapter({
    bodyLimit: options.bodyLimitBytes ?? 65_536,
    trustProxy: options.trustProxy?.length ? [...options.trustProxy] : false,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    serverFactory: (handler: RequestListener) => {
      const server = guardedServer(
        {
          // Node's own would be a minute for the head, Fastify's none for the body.
          headersTimeout: requestTimeoutMs,
          requestTimeout: requestTimeoutMs,
          connectionsCheckingInterval: requestTimeoutMs / REQUEST_CHECKS,
          keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
        },
        (request, response) => {
          // Not by Fastify's own `rewriteUrl`: Nest's middleware looks at the address that it was before.
          request.url = readableAddress(request.url ?? '/');
          handler(request, response);
        },
        tls,
      );
      servers.push(server);
      return server;
    },
  });
  installCorrelation(adapter.getInstance());
  const http = new HttpDrain(adapter.getInstance());

  // Undefined until Nest has made it: a signal may come before.
  let app: NestFastifyApplication | undefined;
  installHttpMetrics(adapter.getInstance(), () => app?.get(MetricsRegistry).durations(HTTP_REQUESTS));
  const stop = new StopSequence({
    logger,
    deadlineMs: drainWindowMs + SHUTDOWN_MARGIN_MS,
    drain: async () => {
      if (!app) return;
      const { drain } = options;
      const running = app;
      app.get(HealthRegistry).readiness = 'draining';
      http.begin();
      const hooks = app.get(ShutdownRegistry);
      if (drain) hooks.onDrain(() => drain(running), { name: 'app' });
      await hooks.drain(drainWindowMs + DRAIN_MARGIN_MS, logger);
    },
    close: async () => {
      await http.finish();
      await app?.close();
      await endTracing?.();
    },
    exit: (code) => process.exit(code),
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.onSignal(signal));
  if (config.supervised) {
    process.on('disconnect', () => stop.onDisconnect());
    // It went before anybody listened.
    if (process.send && !process.connected) stop.onDisconnect();
  }

  try {
    app = await NestFactory.create<NestFastifyApplication>(options.module, adapter, {
      // From the first line on: buffered lines of a start that fails would come out in Nest's own format.
      logger: new NestLogger(logger),
      abortOnError: false,
    });
    if (options.handshakes) handshakes = options.handshakes(app);
    if (identity) measureCertificate(app.get(MetricsRegistry), identity);
    await options.configure?.(app);
    await app.listen(options.port, config.host);
    refuseToHandOver(servers);
    const { port } = app.getHttpServer().address() as { port: number };
    const more = await options.onListening?.(app, port);
    // A stop that began meanwhile has said `draining`, and must keep the last word.
    if (!stop.started) {
      app.get(HealthRegistry).readiness = 'ready';
      // A logger of its own: supervisors wait for this line, so no log level may hide it.
      const ports = { [options.portName]: port, ...more };
      logger.child({}, { level: 'info' }).info({ ports, pid: process.pid }, 'ready');
    }
    return app;
  } catch (error) {
    // The stop that is under way pulled the rug; it ends the process.
    if (stop.started) return new Promise(() => undefined);
    return fatal(error, 'start');
  }
}

/** @returns What hands over the last spans; undefined when tracing is off. */
async function startTracingFor(
  { service, config: { instanceId, trace } }: BootstrapOptions,
  logError: ErrorLog,
): Promise<(() => Promise<void>) | undefined> {
  if (!trace?.url) return undefined;
  return startTracing({
    url: trace.url.reveal(),
    oneIn: trace.oneIn,
    service,
    instanceId,
    onError: (error) => logError(error, 'tracing'),
  });
}

function measureCertificate(metrics: MetricsRegistry, identity: ServerIdentity): void {
  metrics.gauge({
    name: 'parley_certificate_expires_timestamp_seconds',
    help: 'Until when clients take the certificate of this process, seconds since 1970',
    collect() {
      this.set(identity.current.validToMs / 1_000);
    },
  });
}
