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

/** A moment. */
interface AtTime {
  /**
   * In ms of one clock for all records, best one that never goes back (`performance.now()`). Of an attempt: before
   * it goes out; of anything that came: after it came. The other way round the checker sees order where there is none.
   */
  atMs: number;
}

/** Senders: these alone, or everybody but these. */
export type Senders =
  { readonly only: readonly (string | number)[] } | { readonly except: readonly (string | number)[] };

/** Messages from one number to another, inclusive; without `to` up to the act that names them. */
export interface MessageSpan {
  readonly from: number;
  readonly to?: number | undefined;
  /** @defaultValue those of everybody */
  readonly of?: Senders | undefined;
}

/** What an act makes hold from its own number on; what is absent it does not touch. */
export interface ActEffects {
  /**
   * By name, whom a rule silences; null lifts it. The last act about a name counts, and whoever any rule silences may not speak.
   */
  readonly rules?: Readonly<Record<string, Senders | null>>;
  /** Their texts may not be given to anybody any more. */
  readonly hides?: MessageSpan | undefined;
  /** Their texts may be given again; with `undoes` only what the act of that number has hidden. */
  readonly shows?: (MessageSpan & { readonly undoes?: number | undefined }) | undefined;
}

/** One attempt to send, or to act: a retry is recorded again. */
export interface SentRecord extends InRoom, OfMessage, AtTime {
  /** The body, the same at every attempt. Compared by hash with what is shown, not kept. */
  content?: string;
  /** Of an act: what it is asked to do, as far as its sender can say. */
  act?: ActEffects;
}

/** The server accepted the message, or said again that it had. */
export interface AckedRecord extends InRoom, OfMessage, AtSeq, AtTime {}

/** The server refused one attempt. An attempt without an answer is recorded as sent only. */
export interface RefusedRecord extends InRoom, OfMessage, AtTime {}

/** The client begins to follow a room. */
export interface JoinedRecord extends InRoom, AtSeq {
  /** The client has, or does not want, everything up to here; it must get everything after. */
  seq: number;
}

/** A message or an act as somebody was given it. */
interface Given extends InRoom, AtSeq, AtTime {
  /** Absent where the archive does not tell it. */
  clientMsgId?: string;
  senderId?: string | number;
  /** The server's id of the message. */
  id?: string;
  /** The body. Compared by hash, not kept. */
  content?: string;
  /** Of an act: what it does, as everybody is told. It counts more than what its sender said. */
  act?: ActEffects;
  /** Given without its text, as deleted. */
  deleted?: boolean;
}

/** The client showed a message. */
export interface ReceivedRecord extends Given {
  /** When the read began that gave it, a page of history or a resume, in ms; absent for what came as it was accepted. */
  readFromMs?: number | undefined;
}

/** Somebody read a message beside what he is shown: again, or of a room that he does not follow. */
export interface ReadRecord extends Given {
  /** When the read began, in ms. */
  readFromMs: number;
}

/** How a room stands in somebody's eyes, when all is quiet. */
export interface StandsRecord extends InRoom {
  /** Everybody of one audience must see the same: a user, or all. */
  audience: string | number;
  /** In words that are equal when the states are. */
  state: string;
}

/** The client stops following. */
export interface LeftRecord extends InRoom {
  /** The client must have everything up to here. @defaultValue the last it received */
  seq?: number;
}

/**
 * A server came back with less than it had. What was numbered above `keptSeq` under `epoch`, and seen before it was back,
 * may be gone; nothing else may. Whoever misses some of it must be told of another epoch.
 */
export interface SteppedBackRecord {
  roomId: number;
  /** The line that the server came back with. */
  epoch: string | number;
  /** Last seq that it still had. */
  keptSeq: number;
  /** When it was back: what is first sent from then on may not be numbered in what has ended. */
  atMs: number;
  /** Whether what was acked must be there all the same. @defaultValue false */
  keepsAcked?: boolean;
}

/** A client learned that a line has ended. */
export interface EpochEndedRecord extends InRoom {
  epoch: string | number;
}

/** A range that a fault was meant to destroy, for example un-archived messages of a wiped Redis. */
export interface ExcusedRange {
  roomId: number;
  fromSeq: number;
  /** Inclusive. */
  toSeq: number;
  /** Only what nobody got an ack for. @defaultValue false */
  unackedOnly?: boolean;
}

/**
 * How a history is broken.
 *
 * - `lost`: a message acked, or shown to another member, never came to one that should have it.
 * - `duplicate`: shown again, or shown though the client had joined after it.
 * - `reordered`: shown after a later one, or at another place than to another member.
 * - `gap`: a number missing among those a client received within one epoch, and no ack for it.
 * - `phantom`: every attempt was refused, and it was shown all the same; or, with `allSendsRecorded`, it was acked or
 *   shown though nobody had sent it, or before anybody did.
 * - `double-append`: one message has two numbers.
 * - `identity`: one number has two messages, or a message is shown with another content than it was sent with.
 * - `not-linearizable`: first sent after a message had been acked or shown, and yet numbered before that one.
 * - `stale`: first sent after the server had stepped back, and yet numbered in the line that ended there.
 * - `untold`: misses what a step back destroyed, and never heard of another epoch.
 * - `forbidden`: accepted, though an act with a lower number silences its sender, and no act between the two lifts it.
 * - `unhidden`: its text was given to somebody who had been shown its deletion, or by a read that began after the ack of the deletion.
 * - `withheld`: given as deleted, though nobody had deleted it, or by a read that began after the ack of its restoration.
 * - `diverged`: a room stands in another way for one than for others.
 *
 * @see Herlihy and Wing, "Linearizability: A Correctness Condition for Concurrent Objects" (1990)
 */
export type ViolationKind =
  | 'lost'
  | 'duplicate'
  | 'reordered'
  | 'gap'
  | 'phantom'
  | 'double-append'
  | 'identity'
  | 'not-linearizable'
  | 'stale'
  | 'untold'
  | 'forbidden'
  | 'unhidden'
  | 'withheld'
  | 'diverged';

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
  /** Attempts, retries included. */
  sent: number;
  /** Distinct messages among them; what `sent` has more are retries. */
  messages: number;
  /** Distinct messages with an ack. */
  acked: number;
  /** Distinct acts that were acked or shown. */
  acts: number;
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
  /** From the first attempt to the first ack of each message that has both. */
  ackLatencyMs: LatencyStats;
}

/** How long something took, in ms; all 0 when it never happened. */
export interface LatencyStats {
  p50: number;
  p99: number;
  max: number;
}
