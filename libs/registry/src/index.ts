export {
  MAX_INSTANCES_PER_SERVICE,
  type Instance,
  type InstanceState,
  type Registry,
  type RegistryWatcher,
} from './registry.js';
export { MemoryRegistry, type MemoryRegistryOptions } from './memory-registry.js';
export { RedisRegistry, type RedisRegistryOptions } from './redis-registry.js';
export { liveAmong } from './live-instances.js';
export { byKey, leastLoaded, roundRobin, type Picker } from './pickers.js';
export { SelfRegistration, type SelfRegistrationOptions } from './self-registration.js';
export { REGISTRY, RegistryModule, type RegistryModuleOptions } from './registry.module.js';
