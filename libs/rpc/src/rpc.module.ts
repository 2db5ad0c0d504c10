import { Global, Module, type DynamicModule } from '@nestjs/common';
import { RedisConnections, RedisKeys } from '@parley/redis';
import { DirectRedisClient } from './direct-redis-client.js';
import type { CallObserver } from './call-observer.js';
import type { LinkFolder } from './links/link-folder.js';
import { CALL_OBSERVER, CORRELATION_ID, RpcClient } from './rpc-client.js';

export interface RpcModuleOptions {
  readonly instanceId: string;
  /** Where callees of this machine are linked up with. @defaultValue all calls go through Redis */
  readonly links?: LinkFolder | undefined;
  /** The correlation id of whatever is being handled now. */
  readonly correlationId?: () => string | undefined;
  /** Told of every call that has ended. */
  readonly onCalled?: CallObserver;
}

/** Outgoing calls for a Nest app, global. Needs `RedisModule` and `RegistryModule` (which must watch the callees). */
@Global()
@Module({})
export class RpcModule {
  static forRoot(options: RpcModuleOptions): DynamicModule {
    return {
      module: RpcModule,
      providers: [
        {
          provide: DirectRedisClient,
          useFactory: (connections: RedisConnections, keys: RedisKeys) =>
            new DirectRedisClient(connections, keys, options.instanceId, { links: options.links }),
          inject: [RedisConnections, RedisKeys],
        },
        { provide: CORRELATION_ID, useValue: options.correlationId ?? (() => undefined) },
        { provide: CALL_OBSERVER, useValue: options.onCalled ?? (() => undefined) },
        RpcClient,
      ],
      exports: [RpcClient, DirectRedisClient],
    };
  }
}
