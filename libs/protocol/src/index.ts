export { limits } from './limits.js';
export { Op } from './opcodes.js';
export { CloseCode, mayReconnect } from './close-codes.js';
export { errorCatalog, isErrorCode, type ErrorCode, type ErrorSpec } from './errors/error-catalog.js';
export { AppError, type AppErrorOptions } from './errors/app-error.js';
export {
  clientMsgIdField,
  codePointLength,
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
export { opaqueString } from './opaque-string.js';
export { parseJson } from './parse-json.js';
export { preparedName } from './names.js';
export { isStorable, otherBlanks, showsSomething } from './visible-text.js';
export { clientFrameSchema, type ClientFrame, type ClientFrameOf } from './frames/client-frames.js';
export { parseClientFrame } from './frames/parse-client-frame.js';
export {
  ackFrameSchema,
  countFrameSchema,
  errorFrameSchema,
  goawayFrameSchema,
  historyFrameSchema,
  historyPageSchema,
  infoFrameSchema,
  joinedFrameSchema,
  leftFrameSchema,
  messageSchema,
  resyncFrameSchema,
  serverFrameSchema,
  type AckFrame,
  type CountFrame,
  type ErrorFrame,
  type GoawayFrame,
  type HistoryFrame,
  type HistoryPage,
  type InfoFrame,
  type JoinedFrame,
  type LeftFrame,
  type Message,
  type ResyncFrame,
  type ServerFrame,
} from './frames/server-frames.js';
export {
  ackSchema,
  conversationsSchema,
  cursorField,
  createRoomBodySchema,
  historyQuerySchema,
  idempotencyKeySchema,
  loginBodySchema,
  memberSchema,
  membersSchema,
  problemSchema,
  registerBodySchema,
  roomSchema,
  roomsQuerySchema,
  roomsSchema,
  sendBodySchema,
  sessionSchema,
  userSchema,
  type Ack,
  type Conversations,
  type Members,
  type Problem,
  type Room,
  type Rooms,
  type Session,
  type User,
} from './http/v1-schemas.js';
