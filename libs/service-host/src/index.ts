export { hostModules, VERSION, type HostOptions } from './host-modules.js';
export { runService, type ServiceOptions } from './run-service.js';
