export { RedisConnections, type RedisConnection, type RedisErrorListener } from './connections.js';
export { runScript } from './run-script.js';
export { durabilityProblems } from './durability.js';
export { checkWrite } from './write-check.js';
export { DirectHints } from './direct-hints.js';
export { parseHint, parseTraceNote, type TraceNote, type Hint } from './hint.js';
export { keepSubscribed } from './keep-subscribed.js';
export { RedisKeys, textDigest, type ShardMap } from './keys.js';
export {
  type AcceptInput,
  type AcceptOutcome,
  type ActTerms,
  type LinePosition,
  type RuleCode,
} from './accept-terms.js';
export type { DedupLimits } from './accept-call.js';
export { RoomStore, type GoodWhile, type LogEntry, type RoomStart } from './room-store.js';
export { ReplicatedLane, REPLICATED_WITHIN_MS, type AckLevel } from './replicated-lane.js';
export { type RoomHead, type RoomPosition } from './room-head.js';
export { LineKnowledge } from './line-knowledge.js';
export { compareLine, generationNumber, LINE_EVENT, LineStore, type ShardSurvey } from './line-store.js';
export { LineWitness } from './line-witness.js';
export { ParkingStore, type ParkedPosition, type UnloadOutcome } from './parking-store.js';
export { PresenceStore, type Member, type PresenceShare, type PresenceState } from './presence-store.js';
export { DirectoryStore } from './directory-store.js';
export { EventBus } from './event-bus.js';
export { WaitingStore } from './waiting-store.js';
export { SessionStore } from './session-store.js';
export { RevocationList } from './revocation-list.js';
export { AsideStream, MAX_ASIDE_ENTRIES } from './aside-stream.js';
export { DatabaseLife } from './database-life.js';
export { DatabaseLifeStore, type IssuedIds, type KnownLife } from './database-life-store.js';
export { LeaseStore } from './lease-store.js';
export { agreeOnShardCount } from './shard-agreement.js';
export { REPLICATED_LANE, RedisModule, type RedisModuleOptions } from './redis.module.js';
export { scripts, type ScriptName } from './generated/scripts.js';
