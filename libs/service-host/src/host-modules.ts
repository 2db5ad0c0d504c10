import type { DynamicModule, Type } from '@nestjs/common';
import { readAuthorities, type CommonConfig } from '@parley/config';
import {
  createLogger,
  currentCorrelationId,
  HealthModule,
  LoggingModule,
  MetricsModule,
  MetricsRegistry,
  throttledErrorLog,
  VERSION,
} from '@parley/observability';
import { RedisModule, type AckLevel } from '@parley/redis';
import { RegistryModule } from '@parley/registry';
import { RpcModule } from '@parley/rpc';
import type { ServiceName } from '@parley/contracts';
import { redisMetricsOf } from './redis-metrics.js';
import { linksOf } from './links.js';
import { rpcMetrics } from './rpc-metrics.js';

export interface HostOptions {
  readonly service: ServiceName;
  /** Services that this one calls or looks up. */
  readonly watch: readonly ServiceName[];
  /** Entries a dispatch stream may hold, for a service that accepts messages. */
  readonly maxPendingEntries?: number;
  /** What must have a message before it is acknowledged, for the same. */
  readonly acks?: AckLevel;
}

/** Logs, health, metrics, Redis, registry and RPC of one service process. */
export function hostModules(config: CommonConfig, options: HostOptions): (DynamicModule | Type)[] {
  const { instanceId, redis, registry } = config;
  const logging = { service: options.service, instanceId, ...config.log };
  const logger = createLogger(logging);
  const logError = throttledErrorLog(logger);
  const metrics = new MetricsRegistry();
  const redisMetrics = redisMetricsOf(metrics);
  return [
    LoggingModule.forRoot(logging),
    HealthModule,
    MetricsModule.forRoot({
      app: options.service,
      registry: metrics,
      token: config.metrics.token?.reveal(),
      loopback: config.env === 'dev',
    }),
    RedisModule.forRoot({
      url: redis.url.reveal(),
      ...(redis.caFile !== undefined && { authorities: readAuthorities(redis.caFile) }),
      prefix: redis.prefix,
      shardCount: redis.shardCount,
      ...(options.maxPendingEntries !== undefined && { maxPendingEntries: options.maxPendingEntries }),
      ...(options.acks && { acks: { ...options.acks, instanceId } }),
      onError: (error, role) => {
        redisMetrics.failed(role);
        logError(error, `redis ${role}`);
      },
      onAnswered: redisMetrics.answered,
      onWaiting: () => logger.warn('waiting for Redis'),
    }),
    RegistryModule.forRoot({
      service: options.service,
      instanceId,
      version: VERSION,
      leaseTtlMs: registry.leaseTtlMs,
      heartbeatIntervalMs: registry.heartbeatIntervalMs,
      watch: options.watch,
      onError: (error) => logError(error, 'registry'),
    }),
    RpcModule.forRoot({
      instanceId,
      links: linksOf(config, (error) => logError(error, 'links')),
      correlationId: currentCorrelationId,
      onCalled: rpcMetrics(metrics, 'client'),
    }),
  ];
}
