/** What every record names. */
interface InRoom {
  /** One viewer: a connection with its reconnects. Several of one user are several clients. */
  clientId: string;
  roomId: number;
}

/** Who sent what. */
interface OfMessage {
  /** Chosen by the sender; what makes a retry recognisable. */
  clientMsgId: string;
  /** The sending user. Give it everywhere or, when every `clientMsgId` is globally unique, nowhere. */
  senderId?: string | number;
}

/** A place in a room. */
interface AtSeq {
  seq: number;
  /** Opaque; compared for equality only. */
  epoch: string | number;
}

/** One attempt to send: a retry is recorded again. */
export interface SentRecord extends InRoom, OfMessage {}

/** The server accepted the message, or said again that it had. */
export interface AckedRecord extends InRoom, OfMessage, AtSeq {}

/** The server refused one attempt. An attempt without an answer is recorded as sent only. */
export interface RefusedRecord extends InRoom, OfMessage {}

/** The client begins to follow a room. */
export interface JoinedRecord extends InRoom, AtSeq {
  /** The client has, or does not want, everything up to here; it must get everything after. */
  seq: number;
}

/** The client showed a message. */
export interface ReceivedRecord extends InRoom, AtSeq {
  clientMsgId?: string;
  senderId?: string | number;
  /** The server's id of the message. */
  id?: string;
  /** The body. Compared by hash, not kept. */
  content?: string;
  /** When it was shown, in ms of one clock for all records. */
  atMs: number;
}

/** The client stops following. */
export interface LeftRecord extends InRoom {
  /** The client must have everything up to here. @defaultValue the last it received */
  seq?: number;
}

/** A range that a fault was meant to destroy, for example un-archived messages of a wiped Redis. */
export interface ExcusedRange {
  roomId: number;
  fromSeq: number;
  /** Inclusive. */
  toSeq: number;
}

/**
 * How a history is broken.
 *
 * - `lost`: a message acked, or shown to another member, never came to one that should have it.
 * - `duplicate`: shown again, or shown though the client had joined after it.
 * - `reordered`: shown after a later one, or at another place than to another member.
 * - `gap`: a number missing among those a client received within one epoch, and no ack for it.
 * - `phantom`: every attempt was refused, and it was shown all the same.
 * - `double-append`: one message has two numbers.
 * - `identity`: one number has two messages.
 */
export type ViolationKind =
  'lost' | 'duplicate' | 'reordered' | 'gap' | 'phantom' | 'double-append' | 'identity';

/** One violation, or one run of adjacent equal ones. */
export interface Violation {
  kind: ViolationKind;
  roomId: number;
  /** Absent where the room itself is broken. */
  clientId?: string;
  seq: number;
  /** Last of the run, inclusive; equal to `seq` for one message. */
  toSeq: number;
  /** Messages concerned. */
  count: number;
  /** For people. */
  detail: string;
}

/** Totals of a history. */
export interface HistoryStats {
  /** Attempts. */
  sent: number;
  /** Distinct messages with an ack. */
  acked: number;
  /** Attempts refused. */
  refused: number;
  /** Distinct messages neither acked nor refused at every attempt. */
  unanswered: number;
  received: number;
  /** Missing messages not reported because of `excuse`. */
  excused: number;
  /** Messages concerned per kind, complete even where the list of violations was cut. */
  violations: Record<ViolationKind, number>;
  /** Longest time between two receipts of one client in one room, in ms; 0 without two. */
  longestDeliveryGapMs: number;
}
