import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Logger } from 'nestjs-pino';
import { HealthRegistry } from './health.js';
import { createLogger } from './logging.module.js';

/** What of the config the start-up needs. */
export interface BootstrapConfig {
  readonly instanceId: string;
  readonly host: string;
  readonly supervised: boolean;
  readonly log: { readonly level: string };
  readonly shutdown: { readonly drainWindowMs: number };
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
  /** Largest HTTP body, bytes. */
  readonly bodyLimitBytes?: number;
  readonly trustProxy?: boolean;
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

/** Time that shutting down may take beyond the drain window, milliseconds. */
const SHUTDOWN_MARGIN_MS = 3_000;

/**
 * Starts an app, and ends it well: SIGTERM, SIGINT, or the end of its supervisor → not ready → drain → close → exit 0.
 * A second signal, or a shutdown that takes too long, exits 1. So does an error that nobody handled.
 *
 * When it is ready it logs one line, `ready`, with its ports.
 */
export async function bootstrapApp(options: BootstrapOptions): Promise<NestFastifyApplication> {
  const { service, config } = options;
  const logger = createLogger({ service, instanceId: config.instanceId, level: config.log.level });
  const fatal = (error: unknown, event: string) => {
    logger.fatal({ err: error, event }, 'fatal');
    process.exit(1);
  };
  process.on('uncaughtException', (error) => fatal(error, 'uncaughtException'));
  process.on('unhandledRejection', (error) => fatal(error, 'unhandledRejection'));

  const adapter = new FastifyAdapter({
    bodyLimit: options.bodyLimitBytes ?? 65_536,
    trustProxy: options.trustProxy ?? false,
    forceCloseConnections: true,
  });
  const app = await NestFactory.create<NestFastifyApplication>(options.module, adapter, {
    bufferLogs: true,
    abortOnError: false,
  }).catch((error: unknown) => fatal(error, 'start'));
  app.useLogger(app.get(Logger));
  app.flushLogs();
  const health = app.get(HealthRegistry);

  let stopping = false;
  const stop = async (reason: string) => {
    if (stopping) process.exit(1);
    stopping = true;
    logger.info({ reason }, 'stopping');
    const { drainWindowMs } = config.shutdown;
    setTimeout(
      () => fatal(new Error('shutdown took too long'), 'shutdown'),
      drainWindowMs + SHUTDOWN_MARGIN_MS,
    ).unref();
    health.readiness = 'draining';
    await options.drain?.(app);
    await app.close();
    logger.info('stopped');
    process.exit(0);
  };
  const stopSafely = (reason: string) =>
    void stop(reason).catch((error: unknown) => fatal(error, 'shutdown'));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stopSafely(signal));
  if (config.supervised) process.on('disconnect', () => stopSafely('supervisor is gone'));

  try {
    await options.configure?.(app);
    await app.listen(options.port, config.host);
    const { port } = app.getHttpServer().address() as { port: number };
    const more = await options.onListening?.(app, port);
    health.readiness = 'ready';
    logger.info({ ports: { [options.portName]: port, ...more }, pid: process.pid }, 'ready');
  } catch (error) {
    fatal(error, 'start');
  }
  return app;
}
