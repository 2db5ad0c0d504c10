export { fullJitter, type Backoff } from './backoff.js';
export { ApiError } from './api-error.js';
export type { ParleyApiOptions } from './api-calls.js';
export type {
  ClientEvents,
  ConnectionState,
  GaveUp,
  GiveUpReason,
  PendingSend,
  RoomPosition,
  SendResult,
} from './client-events.js';
export type { BackoffOptions, JoinOptions, ParleyClientOptions, SendOptions } from './client-options.js';
export { ClientError } from './client-error.js';
export { newClientMsgId } from './new-client-msg-id.js';
export {
  ParleyApi,
  type ApiSendOptions,
  type HistoryQuery,
  type ListQuery,
  type InviteTerms,
} from './parley-api.js';
export { ParleyClient } from './parley-client.js';
export { rotating } from './rotating.js';
export type { Transport, TransportConnection, TransportHandlers } from './transport.js';
export {
  webSocketTransport,
  type WebSocketLike,
  type WebSocketTransportOptions,
} from './web-socket-transport.js';
export {
  commandsFor,
  readCommand,
  slashCommands,
  type Command,
  type CommandContext,
  type CommandSpec,
} from './commands/slash-commands.js';
export { decideByName } from './commands/decide-by-name.js';
export { messageIn } from './commands/command-line.js';
