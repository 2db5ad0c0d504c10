export {
  rpcContract,
  serviceNames,
  type RpcContract,
  type RpcRequest,
  type RpcResponse,
  type ServiceName,
} from './rpc-contract.js';
export { dispatchEntrySchema, messageBody, messageJson, type DispatchEntry } from './stream-entries.js';
export {
  logicRpc,
  rawHistoryPageSchema,
  readReportSchema,
  readResultSchema,
  sendResultSchema,
  sendSchema,
  type RawHistoryPage,
  type ReadReport,
  type ReadResult,
  type Send,
  type SendResult,
} from './logic-rpc.js';
export { actRecordSchema, parseActRecord, type ActRecord } from './act-record.js';
export {
  asMessageText,
  isEventBody,
  markOf,
  markText,
  parseMark,
  tombstoneBody,
  withTombstones,
  type Mark,
} from './marks.js';
export { connectRpc } from './connect-rpc.js';
export { newId } from './new-id.js';
export { bytesOfText, countInCall, rpcLimits } from './rpc-limits.js';
export {
  directoryEventSchema,
  lobbyEventSchema,
  presenceEventSchema,
  readEventSchema,
  revokedEventSchema,
  roomChangedEventSchema,
  type DirectoryEvent,
  type LobbyEvent,
  type PresenceEvent,
  type ReadEvent,
  type RevokedEvent,
  type RoomChangedEvent,
} from './events.js';
export {
  authorOf,
  identityOf,
  standingOf,
  tokenClaimsSchema,
  type Identity,
  type TokenClaims,
} from './token.js';
