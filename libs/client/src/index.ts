export { ApiError } from './api-error.js';
export type {
  ClientEvents,
  ConnectionState,
  GaveUp,
  GiveUpReason,
  PendingSend,
  RoomPosition,
  SendResult,
} from './client-events.js';
export type { BackoffOptions, ParleyClientOptions } from './client-options.js';
export { newClientMsgId } from './new-client-msg-id.js';
export { ParleyApi, type ApiSendOptions, type HistoryQuery, type ParleyApiOptions } from './parley-api.js';
export { ParleyClient, type JoinOptions, type SendOptions } from './parley-client.js';
export type { Transport, TransportConnection, TransportHandlers } from './transport.js';
export {
  webSocketTransport,
  type WebSocketLike,
  type WebSocketTransportOptions,
} from './web-socket-transport.js';
