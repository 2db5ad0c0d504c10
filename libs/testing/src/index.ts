export { makeAuthority, type IssuedPair, type TestAuthority } from './certificates.js';
export { eventually, type EventuallyOptions } from './eventually.js';
export { freePort } from './free-port.js';
export { fuzzSeed } from './fuzz-seed.js';
export { HistoryChecker, type HistoryCheckerOptions } from './history-checker.js';
export type {
  AckedRecord,
  ActEffects,
  EpochEndedRecord,
  ExcusedRange,
  HistoryStats,
  JoinedRecord,
  LatencyStats,
  LeftRecord,
  MessageSpan,
  ReadRecord,
  ReceivedRecord,
  RefusedRecord,
  Senders,
  SentRecord,
  StandsRecord,
  SteppedBackRecord,
  Violation,
  ViolationKind,
} from './history-records.js';
export type { OutputLine } from './line-ring.js';
export {
  ManagedProcess,
  spawnProcess,
  type LineMatcher,
  type ProcessExit,
  type SpawnProcessOptions,
} from './managed-process.js';
export { missingPostgres, startPostgres, type PostgresHarness } from './postgres-harness.js';
export { startRedis, type RedisFiles, type RedisHarness, type StartRedisOptions } from './redis-harness.js';
export { sharedRedis, type SharedRedis } from './shared-redis.js';
export { startTcpProxy, type ProxyDirection, type TcpProxy, type TcpProxyOptions } from './tcp-proxy.js';
export { uniquePrefix } from './unique-prefix.js';
