export { type CallObserver } from './call-observer.js';
export { DirectRedisClient, type DirectRedisClientOptions } from './direct-redis-client.js';
export { DirectRedisServer, type DirectRedisServerOptions } from './direct-redis-server.js';
export { LinkFolder } from './links/link-folder.js';
export { PublishCoalescer, SEND_SECONDS, type PublishPort } from './publish-coalescer.js';
export { CORRELATION_ID, RpcClient, type CallOptions } from './rpc-client.js';
export { RpcErrorFilter } from './rpc-error.filter.js';
export { RpcMethod } from './rpc-method.decorator.js';
export { RpcModule, type RpcModuleOptions } from './rpc.module.js';
