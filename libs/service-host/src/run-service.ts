import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { CommonConfig } from '@parley/config';
import type { ServiceName } from '@parley/contracts';
import {
  bootstrapApp,
  createLogger,
  HealthRegistry,
  MetricsRegistry,
  runWithCorrelationId,
  throttledErrorLog,
  within,
  type BootstrapOptions,
} from '@parley/observability';
import { checkWrite, RedisConnections, RedisKeys } from '@parley/redis';
import { SelfRegistration } from '@parley/registry';
import { DirectRedisClient, DirectRedisServer } from '@parley/rpc';
import { linksOf } from './links.js';
import { rpcMetrics } from './rpc-metrics.js';

export interface ServiceOptions extends Omit<BootstrapOptions, 'service' | 'config'> {
  readonly service: ServiceName;
  readonly config: CommonConfig;
  /** Whether it serves RPC. */
  readonly servesRpc: boolean;
}

/** How long a stopping instance finishes the calls that it has in hand, milliseconds. */
const RPC_DRAIN_MS = 1_000;
/** A stopping instance goes on after this time, whether or not the registry knows, milliseconds. */
const ANNOUNCE_WITHIN_MS = 500;

/**
 * Runs one service process: started, it serves RPC, then registers as ready; told to stop, it registers as draining,
 * so that nobody new chooses it, hands over, and leaves.
 */
export async function runService(options: ServiceOptions): Promise<NestFastifyApplication> {
  const { service, config } = options;
  const { instanceId } = config;
  const logError = throttledErrorLog(createLogger({ service, instanceId, level: config.log.level }));
  let rpcServer: DirectRedisServer | undefined;
  return bootstrapApp({
    ...options,
    configure: async (app) => {
      await options.configure?.(app);
      if (options.servesRpc) rpcServer = connectRpcServer(app, options, logError);
      const client = app.get(DirectRedisClient);
      app.get(MetricsRegistry).gauge({
        name: 'parley_rpc_links',
        help: 'Callees of this machine that are called over a link, and not through Redis',
        collect() {
          this.set(client.links);
        },
      });
      const redis = app.get(RedisConnections);
      app.get(HealthRegistry).register('redis', () => checkWrite(redis, app.get(RedisKeys), instanceId));
      if (options.servesRpc) await app.startAllMicroservices();
    },
    onListening: async (app, port) => {
      const more = await options.onListening?.(app, port);
      const self = app.get(SelfRegistration);
      self.setAddress(`${config.advertisedHost ?? config.host}:${port}`);
      await self.announce('ready');
      return more;
    },
    drain: async (app) => {
      // Redis may be away, or silent: the lease ends by itself then, and the clients are not kept waiting.
      await within(app.get(SelfRegistration).announce('draining'), ANNOUNCE_WITHIN_MS).catch(
        (error: unknown) => logError(error, 'announce'),
      );
      await options.drain?.(app);
      // Last: while it hands over, others still call it.
      if (!rpcServer) return;
      await within(rpcServer.drain(RPC_DRAIN_MS), 2 * RPC_DRAIN_MS).catch((error: unknown) =>
        logError(error, 'rpc drain'),
      );
    },
  });
}

function connectRpcServer(
  app: NestFastifyApplication,
  { service, config }: ServiceOptions,
  logError: (error: unknown, where: string) => void,
): DirectRedisServer {
  const metrics = app.get(MetricsRegistry);
  const expired = metrics.counter({
    name: 'parley_rpc_expired_total',
    help: 'Requests that came after their caller had given up, and were not run',
  });
  const strategy = new DirectRedisServer({
    connections: app.get(RedisConnections),
    keys: app.get(RedisKeys),
    service,
    instanceId: config.instanceId,
    links: linksOf(config),
    withCorrelationId: runWithCorrelationId,
    onError: (error, pattern) => logError(error, `rpc ${pattern}`),
    onExpired: () => expired.inc(),
    onHandled: rpcMetrics(metrics, 'server'),
  });
  app.connectMicroservice({ strategy });
  metrics.gauge({
    name: 'parley_rpc_server_requests_in_hand',
    help: 'Requests of other services that are being handled',
    collect() {
      this.set(strategy.load);
    },
  });
  app.get(SelfRegistration).reportLoad(() => strategy.load);
  return strategy;
}
