export { clientAddress, noticeProxy, trustedProxies, type TrustedProxies } from './client-address.js';
export { hostModules, type HostOptions } from './host-modules.js';
export { VERSION } from '@parley/observability';
export { OriginGate } from './origin-gate.js';
export { SigningKeys, type SigningKey } from './signing-keys.js';
export { digestOf, TokenVerifier } from './token-verifier.service.js';
export { runService, type ServiceOptions } from './run-service.js';
