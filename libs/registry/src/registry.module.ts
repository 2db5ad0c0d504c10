import { Global, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { within } from '@parley/observability';
import { EventBus, RedisConnections, RedisKeys } from '@parley/redis';
import { RedisRegistry } from './redis-registry.js';
import type { Registry } from './registry.js';
import { SelfRegistration } from './self-registration.js';

/** Injection token of the process's {@link Registry}. */
export const REGISTRY = Symbol('REGISTRY');

export interface RegistryModuleOptions {
  readonly service: string;
  readonly instanceId: string;
  readonly version: string;
  readonly leaseTtlMs: number;
  readonly heartbeatIntervalMs: number;
  /** Services whose lists this process needs. */
  readonly watch: readonly string[];
  readonly onError?: (error: unknown) => void;
}

/** A Redis that does not answer does not keep a process from ending: its lease ends by itself. Milliseconds. */
const LEAVE_WITHIN_MS = 500;

/** Keeps this process's entry over an outage, and leaves the registry when the app shuts down. */
export class RegistryLifecycle implements OnApplicationShutdown {
  constructor(
    private readonly registry: Registry,
    private readonly self: SelfRegistration,
    private readonly connections: Pick<RedisConnections, 'main' | 'close'>,
  ) {
    // Redis is back: nobody could renew a lease meanwhile. Who has left, and was not heard yet, stays away.
    connections.main.on(
      'ready',
      () => void (this.self.isAnnounced && this.self.beat().catch(() => undefined)),
    );
  }

  async onApplicationShutdown(): Promise<void> {
    await within(this.self.leave(), LEAVE_WITHIN_MS).catch(() => undefined);
    await this.registry.close();
    this.connections.close();
  }
}

/** The registry for a Nest app, global: this process's own entry, and the lists of the services it calls. */
@Global()
@Module({})
export class RegistryModule {
  static forRoot(options: RegistryModuleOptions): DynamicModule {
    const onError = options.onError ?? (() => undefined);
    return {
      module: RegistryModule,
      providers: [
        {
          provide: REGISTRY,
          useFactory: async (connections: RedisConnections, keys: RedisKeys, events: EventBus) => {
            const registry = new RedisRegistry(connections.main, keys, events, {
              leaseTtlMs: options.leaseTtlMs,
              refreshIntervalMs: options.heartbeatIntervalMs,
              onError,
            });
            for (const service of options.watch) await registry.watch(service);
            return registry;
          },
          inject: [RedisConnections, RedisKeys, EventBus],
        },
        {
          provide: SelfRegistration,
          useFactory: (registry: Registry) =>
            new SelfRegistration(
              registry,
              {
                instanceId: options.instanceId,
                service: options.service,
                address: '',
                version: options.version,
                startedAt: Date.now(),
              },
              { heartbeatIntervalMs: options.heartbeatIntervalMs, onError },
            ),
          inject: [REGISTRY],
        },
        {
          provide: RegistryLifecycle,
          useFactory: (registry: Registry, self: SelfRegistration, connections: RedisConnections) =>
            new RegistryLifecycle(registry, self, connections),
          inject: [REGISTRY, SelfRegistration, RedisConnections],
        },
      ],
      exports: [REGISTRY, SelfRegistration],
    };
  }
}
