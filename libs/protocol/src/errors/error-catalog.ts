import { CloseCode } from '../close-codes.js';

/** What an error code means to each edge. */
export interface ErrorSpec {
  /** `retryable`: the same request may succeed later. */
  readonly retryable: boolean;
  /** HTTP status of the problem document. */
  readonly httpStatus: number;
  /** Present when the violation also closes the connection. */
  readonly closeCode?: CloseCode;
  /** A rule of the room, not a fault of the client's: it does not count towards `TOO_MANY_ERRORS`. */
  readonly isPolicy?: true;
  /** English text for people; never contains request data. */
  readonly message: string;
}

/**
 * Every error a client or another service can be given. Codes are stable; texts are not.
 *
 * @see PROTOCOL.md, section "Errors"
 */
export const errorCatalog = {
  BAD_JSON: { retryable: false, httpStatus: 400, message: 'The request is not valid JSON.' },
  INVALID: { retryable: false, httpStatus: 400, message: 'The request has a missing or malformed field.' },
  UNKNOWN_OP: { retryable: false, httpStatus: 400, message: 'This operation is not known.' },
  UNAUTHENTICATED: {
    retryable: false,
    httpStatus: 401,
    message: 'Log in first: the token is missing, malformed or expired.',
  },
  SESSION_REVOKED: {
    retryable: false,
    httpStatus: 401,
    closeCode: CloseCode.sessionRevoked,
    message: 'This session has been logged out.',
  },
  BAD_CREDENTIALS: { retryable: false, httpStatus: 401, message: 'Wrong user name or password.' },
  FORBIDDEN: { retryable: false, httpStatus: 403, message: 'You may not do this.' },
  ORIGIN_DENIED: { retryable: false, httpStatus: 403, message: 'This web origin is not allowed.' },
  NOT_FOUND: { retryable: false, httpStatus: 404, message: 'There is nothing here.' },
  ROOM_NOT_FOUND: { retryable: false, httpStatus: 404, message: 'This room does not exist.' },
  USER_NOT_FOUND: { retryable: false, httpStatus: 404, message: 'This user does not exist.' },
  NOT_JOINED: { retryable: false, httpStatus: 409, message: 'Join the room first.' },
  NAME_TAKEN: { retryable: false, httpStatus: 409, message: 'This user name is taken.' },
  IDEMPOTENCY_MISMATCH: {
    retryable: false,
    httpStatus: 422,
    message: 'This idempotency key was used for a different message.',
  },
  MESSAGE_TOO_LONG: { retryable: false, httpStatus: 413, message: 'The message is too long.' },
  FRAME_TOO_LARGE: {
    retryable: false,
    httpStatus: 413,
    closeCode: CloseCode.badFrame,
    message: 'The frame is too large.',
  },
  FRAME_BAD_VERSION: {
    retryable: false,
    httpStatus: 400,
    closeCode: CloseCode.badFrame,
    message: 'The frame does not start with v1.',
  },
  FRAME_BAD_LENGTH: {
    retryable: false,
    httpStatus: 400,
    closeCode: CloseCode.badFrame,
    message: 'The frame declares an impossible length.',
  },
  PAYLOAD_TOO_LARGE: { retryable: false, httpStatus: 413, message: 'The request body is too large.' },
  TOO_MANY_ROOMS: { retryable: false, httpStatus: 409, message: 'This connection is in too many rooms.' },
  ROOM_LIMIT: {
    retryable: false,
    httpStatus: 409,
    message: 'You have made as many rooms as one user may.',
  },
  MUTED: { retryable: false, httpStatus: 403, isPolicy: true, message: 'You may not write here for now.' },
  HOSTS_ONLY: {
    retryable: false,
    httpStatus: 403,
    isPolicy: true,
    message: 'Not everybody may write in this room now.',
  },
  ROOM_CLOSED: { retryable: false, httpStatus: 403, isPolicy: true, message: 'This room is closed.' },
  BANNED: { retryable: false, httpStatus: 403, isPolicy: true, message: 'You may not be in this room.' },
  SLOW_MODE: {
    retryable: true,
    httpStatus: 429,
    isPolicy: true,
    message: 'Slow mode: wait before you write again.',
  },
  MESSAGE_NOT_FOUND: { retryable: false, httpStatus: 404, message: 'There is no such message.' },
  LAST_OWNER: { retryable: false, httpStatus: 409, isPolicy: true, message: 'A room always has an owner.' },
  TOO_MANY_PINS: {
    retryable: false,
    httpStatus: 409,
    isPolicy: true,
    message: 'As many messages are pinned as a room may have.',
  },
  TOO_MANY_ROLES: {
    retryable: false,
    httpStatus: 409,
    isPolicy: true,
    message: 'As many people have a role as in one room may.',
  },
  TOO_MANY_RESTRICTIONS: {
    retryable: false,
    httpStatus: 409,
    isPolicy: true,
    message: 'As many people are restricted as in one room may be.',
  },
  NOTHING_TO_UNDO: {
    retryable: false,
    httpStatus: 409,
    isPolicy: true,
    message: 'There is nothing to take back.',
  },
  PASSWORD_NEEDED: { retryable: false, httpStatus: 403, message: 'This room has a password.' },
  WRONG_PASSWORD: { retryable: false, httpStatus: 403, message: 'This is not the password of the room.' },
  INVITE_NOT_FOUND: {
    retryable: false,
    httpStatus: 404,
    message: 'This invitation does not exist, or was withdrawn.',
  },
  INVITE_OVER: {
    retryable: false,
    httpStatus: 410,
    message: 'This invitation has expired, or as many have come by it as may.',
  },
  WAITING: {
    retryable: false,
    httpStatus: 403,
    isPolicy: true,
    message: 'A host has to let you in first.',
  },
  NO_NEWCOMERS: {
    retryable: false,
    httpStatus: 403,
    isPolicy: true,
    message: 'Nobody new comes into this room now.',
  },
  NOT_WAITING: { retryable: false, httpStatus: 404, message: 'You do not wait to be let into this room.' },
  LOBBY_FULL: {
    retryable: true,
    httpStatus: 503,
    message: 'As many people wait to be let in as may: try again later.',
  },
  TOO_MANY_INVITES: {
    retryable: false,
    httpStatus: 409,
    isPolicy: true,
    message: 'As many invitations are open as a room may have.',
  },
  TOO_MANY_ERRORS: {
    retryable: false,
    httpStatus: 429,
    closeCode: CloseCode.abuse,
    message: 'Too many bad frames on this connection.',
  },
  TOO_MANY_CONNECTIONS: {
    retryable: true,
    httpStatus: 429,
    closeCode: CloseCode.tooManyConnections,
    message: 'Too many connections of one user or from one address.',
  },
  RATE_LIMITED: { retryable: true, httpStatus: 429, message: 'Too many requests: slow down.' },
  AUTH_TIMEOUT: {
    retryable: true,
    httpStatus: 408,
    closeCode: CloseCode.authTimeout,
    message: 'No valid token arrived in time.',
  },
  HEARTBEAT_TIMEOUT: {
    retryable: true,
    httpStatus: 408,
    closeCode: CloseCode.heartbeatTimeout,
    message: 'The connection was silent for too long.',
  },
  OVERLOADED: { retryable: true, httpStatus: 503, message: 'The server is busy: try again shortly.' },
  UNAVAILABLE: {
    retryable: true,
    httpStatus: 503,
    message: 'A part of the server is restarting: try again.',
  },
  DEADLINE_EXCEEDED: {
    retryable: true,
    httpStatus: 504,
    message: 'The server did not answer in time: try again.',
  },
  HISTORY_PENDING: {
    retryable: true,
    httpStatus: 503,
    message: 'This part of the history is still being written: try again.',
  },
  NOT_REPLICATED: {
    retryable: true,
    httpStatus: 503,
    message: 'The message is not safe yet: try again with the same id.',
  },
  INTERNAL: { retryable: true, httpStatus: 500, message: 'Something went wrong on the server.' },
} as const satisfies Record<string, ErrorSpec>;

/** A code of the catalogue. */
export type ErrorCode = keyof typeof errorCatalog;

/** Whether a string is a code of this catalogue; a newer server may send others. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(errorCatalog, value);
}
