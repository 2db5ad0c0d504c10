export { codePointLength } from './code-point-length.js';
export { limits } from './limits.js';
export { Op } from './opcodes.js';
export { CloseCode, mayReconnect } from './close-codes.js';
export { errorCatalog, isErrorCode, type ErrorCode, type ErrorSpec } from './errors/error-catalog.js';
export { AppError, type AppErrorOptions } from './errors/app-error.js';
export {
  clientMsgIdField,
  epochField,
  idField,
  passwordField,
  roomNameField,
  seqField,
  storableField,
  textField,
  tokenField,
  userNameField,
} from './fields.js';
export { readStateSchema, type ReadState } from './reading.js';
export {
  guestSessionSchema,
  sessionSchema,
  userSchema,
  waitingStateSchema,
  type GuestSession,
  type Session,
  type User,
  type WaitingState,
} from './sessions.js';
export { roomChangeSchema, roomSchema, type Room, type RoomChange } from './rooms.js';
export { opaqueString } from './opaque-string.js';
export { parseJson } from './parse-json.js';
export { preparedName } from './names.js';
export { isStorable, otherBlanks, showsSomething } from './visible-text.js';
export { clientFrameSchema, type ClientFrame, type ClientFrameOf } from './frames/client-frames.js';
export { parseClientFrame } from './frames/parse-client-frame.js';
export {
  ackFrameSchema,
  countFrameSchema,
  deletedSchema,
  entrySchema,
  errorFrameSchema,
  eventFrameSchema,
  goawayFrameSchema,
  historyFrameSchema,
  historyPageSchema,
  infoFrameSchema,
  joinedFrameSchema,
  leftFrameSchema,
  lobbyFrameSchema,
  messageSchema,
  readFrameSchema,
  resyncFrameSchema,
  roomsFrameSchema,
  serverFrameSchema,
  waitFrameSchema,
  watchFrameSchema,
  type AckFrame,
  type CountFrame,
  type Deleted,
  type Entry,
  type ErrorFrame,
  type EventFrame,
  type GoawayFrame,
  type HistoryFrame,
  type HistoryPage,
  type InfoFrame,
  type JoinedFrame,
  type LeftFrame,
  type LobbyFrame,
  type Message,
  type ReadFrame,
  type ResyncFrame,
  type RoomsFrame,
  type ServerFrame,
  type WaitFrame,
  type WatchFrame,
} from './frames/server-frames.js';
export {
  ackSchema,
  conversationsQuerySchema,
  conversationsSchema,
  cursorField,
  createRoomBodySchema,
  historyQuerySchema,
  idempotencyKeySchema,
  loginBodySchema,
  memberSchema,
  membersSchema,
  presenceSchema,
  problemSchema,
  readBodySchema,
  registerBodySchema,
  roomsSchema,
  roomsSearchSchema,
  sendBodySchema,
  unreadSchema,
  usersSchema,
  usersSearchSchema,
  type Ack,
  type Conversations,
  type Members,
  type Presence,
  type Problem,
  type Rooms,
  type Unread,
  type Users,
} from './http/v1-schemas.js';
export * from './acts/index.js';
export * from './http/acts-schemas.js';
export * from './http/door-schemas.js';
export * from './http/lobby-schemas.js';
