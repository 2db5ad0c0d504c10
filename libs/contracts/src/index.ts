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
  sendResultSchema,
  sendSchema,
  type RawHistoryPage,
  type Send,
  type SendResult,
} from './logic-rpc.js';
export { connectRpc } from './connect-rpc.js';
export { bytesOfText, countInCall, rpcLimits } from './rpc-limits.js';
export {
  presenceEventSchema,
  revokedEventSchema,
  roomChangedEventSchema,
  type PresenceEvent,
  type RevokedEvent,
  type RoomChangedEvent,
} from './events.js';
export { identityOf, tokenClaimsSchema, type Identity, type TokenClaims } from './token.js';
