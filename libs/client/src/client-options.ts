import type { Transport } from './transport.js';

/** Bounds of the wait between two attempts; the wait itself is random below the current bound ("full jitter"). */
export interface BackoffOptions {
  /** @defaultValue 250 */
  readonly minMs?: number;
  /** @defaultValue 10_000 */
  readonly maxMs?: number;
}

/** Options of a client. Times are milliseconds. */
export interface ParleyClientOptions {
  readonly transport: Transport;
  /** Called for every connection, so that a renewed token is picked up. A rejection counts as a failed attempt. */
  readonly getToken: () => string | Promise<string>;
  readonly backoff?: BackoffOptions;
  /** A send without an answer for this long is sent again. @defaultValue 5_000 */
  readonly sendTimeoutMs?: number;
  /** A send that has no answer for this long in all is given up. `Infinity`: never. @defaultValue 120_000 */
  readonly sendDeadlineMs?: number;
  /** So is an act: what a host does may be wrong a minute later. @defaultValue that of sends, at most 30_000 */
  readonly actDeadlineMs?: number;
  /** So is a range of messages that history does not give. @defaultValue that of sends */
  readonly pagingDeadlineMs?: number;
  readonly heartbeat?: {
    /** Silence after which a ping is sent; less, down to 5 s, where silence is unusual. @defaultValue 20_000 */
    readonly intervalMs?: number;
    /** Silence after that ping which makes the connection count as lost. @defaultValue 10_000 */
    readonly timeoutMs?: number;
  };
  /** Source of jitter, 0 ≤ x < 1. @defaultValue Math.random */
  readonly random?: () => number;
  /** The clock, milliseconds; it must never go back. @defaultValue performance.now */
  readonly now?: () => number;
}

/** Where to go on in a room. */
export interface JoinOptions {
  /** The last seq that was shown; messages after it are delivered. Without it: from now on. */
  readonly lastSeq?: number;
  /** The epoch of that seq; without it a hole after `lastSeq` is taken for one between epochs. */
  readonly epoch?: string;
}

/** Options of a send. */
export interface SendOptions {
  /** Give the id of an earlier send to try it again. @defaultValue a new UUIDv7 */
  readonly clientMsgId?: string;
}
