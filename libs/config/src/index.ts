export { appNames, type AppName, type Environment } from './app-name.js';
export { ConfigError } from './config-error.js';
export { type DeepReadonly } from './deep-freeze.js';
export { demoAccounts } from './demo-accounts.js';
export { describeConfig, type ConfigDescription } from './describe-config.js';
export { envTable, type EnvKind, type EnvVariable } from './env-table.js';
export {
  CONFIG_EXIT_CODE,
  configProblems,
  loadConfig,
  loadConfigOrExit,
  type LoadConfigOptions,
} from './load-config.js';
export { didYouMean } from './nearest.mjs';
export {
  addressKey,
  inNetworks,
  parseAddress,
  parseNetwork,
  type Address,
  type Network,
} from './networks.js';
export { isLoopbackHost, isLoopbackOrigin, isOriginAllowed, whyKeptOut, type Origins } from './origins.js';
export { APP_CONFIG, ParleyConfigModule } from './parley-config.module.js';
export { type AppConfig, type CommonConfig } from './schemas.js';
export { Secret } from './secret.js';
export { readAuthorities } from './tls/authorities.js';
export {
  checkKeyPair,
  readKeyPair,
  readKeyPairText,
  type KeyPair,
  type KeyPairFiles,
  type KeyPairText,
} from './tls/key-pair.js';
export { TlsFileError } from './tls/tls-file-error.js';
export { tlsProblem } from './tls/tls-problem.js';
