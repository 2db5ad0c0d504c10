import type { MemoryRegistry } from '@parley/registry';

/** The entry of a gateway that is ready, as registries know it. */
export const gatewayInstance = (instanceId: string): Parameters<MemoryRegistry['register']>[0] => ({
  instanceId,
  service: 'connect-gateway',
  state: 'ready',
  address: '',
  version: '',
  load: 0,
  startedAt: 0,
});
