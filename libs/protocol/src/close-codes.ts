/**
 * Close codes in two ranges that alone tell a client what to do:
 * 4000–4499 reconnect (with back-off), 4500–4999 do not.
 * WebSocket carries them as the close code; TCP as the last frame, an `error` with `closeCode`.
 *
 * @see RFC 6455, section 7.4.2 (private use)
 */
export const CloseCode = {
  /** The instance is shutting down; a `goaway` came before. */
  goingAway: 4001,
  heartbeatTimeout: 4002,
  authTimeout: 4003,
  overloaded: 4004,
  /** The user, or the address, has as many connections here as one may have. */
  tooManyConnections: 4005,
  /** The token is not valid: log in again. */
  unauthenticated: 4500,
  sessionRevoked: 4501,
  badFrame: 4502,
  abuse: 4503,
} as const;

/** A close code of Parley's. */
export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];

/**
 * Whether a client should connect again after this close code.
 *
 * @param code - WebSocket close code; standard codes below 4000 mean a lost connection, so yes,
 *   but for 1002, 1003, 1007, 1008 and 1009, which say that this client sends what no server will take.
 */
export function mayReconnect(code: number): boolean {
  if ([1002, 1003, 1007, 1008, 1009].includes(code)) return false;
  return code < 4500 || code > 4999;
}
