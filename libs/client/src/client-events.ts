import type {
  AckFrame,
  CountFrame,
  ErrorFrame,
  EventFrame,
  GoawayFrame,
  InfoFrame,
  JoinedFrame,
  Message,
  ReadState,
  ResyncFrame,
  RoomEvent,
  RoomsFrame,
  RoomState,
  WaitFrame,
} from '@parley/protocol';

/**
 * - `idle`: `connect()` was not called, or there is nothing to connect for yet (no room, no direct message).
 * - `connecting`: the first attempt is under way.
 * - `online`: the socket is open. Rooms follow with their `joined` events.
 * - `reconnecting`: the connection was lost; another attempt is under way or waits for `retryInMs`.
 * - `closed`: for good, by `close()` or a terminal close code.
 */
export type ConnectionState = 'idle' | 'connecting' | 'online' | 'reconnecting' | 'closed';

/** Why the client stopped trying. `SEND_DEADLINE` and `PAGING_DEADLINE`: longer than `sendDeadlineMs`. */
export type GiveUpReason =
  | 'QUEUE_FULL'
  | 'SEND_DEADLINE'
  | 'PAGING_DEADLINE'
  | 'CLOSED'
  | 'ENDED'
  /** By `withdraw()`; there is no event. */
  | 'WITHDRAWN'
  /** A page of history had a hole, again and again. */
  | 'NOT_IN_HISTORY'
  /** A code of the error catalogue, when messages cannot be had from history. */
  | (string & {});

/** Something that the application must not assume any more. */
export interface GaveUp {
  /** `send`: whether it was accepted is unknown. `messages`: the range `from`..`to` was not shown. */
  readonly what: 'send' | 'messages';
  readonly reason: GiveUpReason;
  readonly roomId?: number;
  readonly clientMsgId?: string;
  /** First seq not shown, inclusive. */
  readonly from?: number;
  /** Last seq not shown, inclusive. */
  readonly to?: number;
}

/** The payload of every event of a client. */
export interface ClientEvents {
  /** `retryInMs`: present while a reconnect waits. */
  state: { readonly state: ConnectionState; readonly retryInMs?: number };
  /** A room message: once, in the order of `seq`. */
  message: Message;
  /**
   * An act, in the order of `seq`, among the messages. `event` is what it has done; undefined for a kind of a newer server. What it
   * hides is to be shown as deleted from here on; what it shows again is to be read from history.
   */
  event: { readonly entry: EventFrame; readonly event: RoomEvent | undefined };
  /** How a room stands for this user: when it was joined, and after each act that changes it. */
  roomState: { readonly roomId: number; readonly state: RoomState };
  /**
   * A host has put this user out of a room: it is not joined again by itself. `lobby`: guests wait outside now, and this one does
   * already; `waiting` says when he may come in. `until`, of a ban: milliseconds since
   * 1970.
   */
  putOut: {
    readonly roomId: number;
    readonly reason: 'kicked' | 'banned' | 'lobby';
    readonly note?: string;
    readonly until?: number;
  };
  /** How it stands with this user, who waits to be let into a room: at first, and when it changes. */
  waiting: WaitFrame;
  /** To hosts: so many wait to be let into a room. A hint: the list says who. */
  lobby: { readonly roomId: number; readonly waiting: number };
  /** A direct message, own ones included: once, in the order of `seq` of its conversation (`roomId`). */
  direct: Message;
  /** The room was joined, or joined again after a reconnect. */
  joined: JoinedFrame;
  count: CountFrame;
  info: InfoFrame;
  /** A send was accepted. Comes before or after the message itself. */
  acked: AckFrame;
  refused: { readonly clientMsgId: string; readonly error: ErrorFrame };
  gaveUp: GaveUp;
  /** The server skipped a range; the client reads it from history. Only worth a "catching up" sign. */
  resync: {
    readonly roomId: number;
    readonly from: number;
    readonly to: number;
    readonly reason: ResyncFrame['reason'];
  };
  /** The room's line of seqs broke (its server lost data): numbers go on, but some may never have been seen. */
  epoch: { readonly roomId: number; readonly epoch: string; readonly previous: string };
  /** How far the user has read a room, here or on another device; with `forgotten` the room was left for good. */
  read: ReadState;
  /**
   * From here on changes of the list of rooms are told, as `rooms`. A `version` that is not that of the list which was read
   * says that something was missed: read it again, at a moment of your own.
   */
  watching: { readonly version: number };
  /** Rooms that are new or have changed, and those that are gone. `version` is one more than the last, or something was missed. */
  rooms: Pick<RoomsFrame, 'version' | 'rooms' | 'removed'>;
  goaway: GoawayFrame;
  /** Terminal: no reconnect. `code` is the close code, or 1000 after `close()`. */
  ended: { readonly code: number; readonly reason: string };
  /** An error frame that answers no send, join or page of this client's; or a frame it could not read. */
  error: ErrorFrame;
}

/** What became of a send. */
export type SendResult =
  | { readonly status: 'acked'; readonly ack: AckFrame }
  | { readonly status: 'refused'; readonly error: ErrorFrame }
  | { readonly status: 'gave-up'; readonly reason: GiveUpReason };

/** A send under way. */
export interface PendingSend {
  readonly clientMsgId: string;
  /** Never rejects. */
  readonly result: Promise<SendResult>;
}

/** Where a room stands: the last message shown. `epoch` is empty while `join` was given none and nothing was shown. */
export interface RoomPosition {
  readonly seq: number;
  readonly epoch: string;
}
