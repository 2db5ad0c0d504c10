import { z } from 'zod';
import { roomStateSchema } from '../acts/index.js';
import { Op } from '../opcodes.js';
import { readStateSchema } from '../reading.js';
import { roomChangeSchema } from '../rooms.js';
import { waitingStateSchema } from '../sessions.js';

const ref = z.union([z.string(), z.number()]).optional();

/** What stands in the place of a deleted text. */
export const deletedSchema = z.object({
  by: z.enum(['self', 'moderator']),
  at: z.number(),
  reason: z.string().optional(),
});
export type Deleted = z.infer<typeof deletedSchema>;

/**
 * A delivered message: gochat's object, then Parley's fields. The same in live frames, in history and over HTTP.
 * `sentAt` is milliseconds since 1970; `createTime` is the same instant in the server's time zone, in gochat's form.
 */
const messageFields = z.object({
  op: z.union([z.literal(Op.direct), z.literal(Op.room)]),
  code: z.literal(0),
  /** Absent in a tombstone; here it is '' then. */
  msg: z.string().default(''),
  fromUserId: z.number(),
  fromUserName: z.string(),
  toUserId: z.number(),
  toUserName: z.string(),
  roomId: z.number(),
  createTime: z.string(),
  id: z.string(),
  clientMsgId: z.string(),
  sentAt: z.number(),
  /** The sender came by an invitation, without an account. */
  fromGuest: z.literal(true).optional(),
  seq: z.number(),
  epoch: z.string(),
  /** The message was deleted: by its author, or by a moderator, who is not named. `at`: milliseconds since 1970. */
  deleted: deletedSchema.optional(),
});
/** A text, or the mark that it is gone. */
const saysSomething = ({ msg, deleted }: { msg: string; deleted?: unknown }) =>
  deleted !== undefined || msg !== '';
const orTombstone = { path: ['msg'] };
export const messageSchema = messageFields.refine(saysSomething, orTombstone);
export type Message = z.infer<typeof messageSchema>;

/**
 * An act, as an entry of the room's log. What its kind says is read by `readEvent`; a kind that is not known counts as shown.
 * `fromUserId` 0: the room is not told who it was.
 */
export const eventFrameSchema = z.looseObject({
  op: z.literal(Op.event),
  kind: z.string(),
  fromUserId: z.number(),
  fromUserName: z.string(),
  roomId: z.number(),
  id: z.string(),
  clientMsgId: z.string(),
  sentAt: z.number(),
  seq: z.number(),
  epoch: z.string(),
  msg: z.string().optional(),
  deleted: deletedSchema.optional(),
});
export type EventFrame = z.infer<typeof eventFrameSchema>;

/** What has a number in a room. */
export const entrySchema = z.union([messageSchema, eventFrameSchema]);
export type Entry = z.infer<typeof entrySchema>;

export const countFrameSchema = z.object({ op: z.literal(Op.count), roomId: z.number(), count: z.number() });
export type CountFrame = z.infer<typeof countFrameSchema>;

/**
 * `roomUserInfo` maps user id to name: all members up to `limits.maxListedMembers`, the newest beyond. `guests`: which of them
 * came by an invitation, without an account.
 */
export const infoFrameSchema = z.object({
  op: z.literal(Op.info),
  roomId: z.number(),
  count: z.number(),
  roomUserInfo: z.record(z.string(), z.string()),
  guests: z.array(z.number()).optional(),
});
export type InfoFrame = z.infer<typeof infoFrameSchema>;

/**
 * The connection is in the room. Everything after `seq` follows on this connection, in order.
 * `resumed`: `seq` is the `lastSeq` that the client asked for; otherwise it is the room's present position,
 * and older messages are to be had from history.
 */
export const joinedFrameSchema = z.object({
  op: z.literal(Op.joined),
  roomId: z.number(),
  epoch: z.string(),
  seq: z.number(),
  head: z.number(),
  resumed: z.boolean(),
  userId: z.number(),
  userName: z.string(),
  /** The room as it stands at `head` for this user; events after it are changes of it. A conversation has none. */
  state: roomStateSchema.optional(),
  ref,
});
export type JoinedFrame = z.infer<typeof joinedFrameSchema>;

/** The send is kept (see PROTOCOL.md, "Acknowledgement levels"). `duplicate`: it had been accepted before; nothing was appended. */
export const ackFrameSchema = z.object({
  op: z.literal(Op.ack),
  roomId: z.number(),
  seq: z.number(),
  epoch: z.string(),
  id: z.string(),
  clientMsgId: z.string(),
  sentAt: z.number(),
  duplicate: z.boolean(),
  ref,
});
export type AckFrame = z.infer<typeof ackFrameSchema>;

/** A refusal. `code` is of the error catalogue; unknown codes are to be treated by `retryable` alone. */
export const errorFrameSchema = z.object({
  op: z.literal(Op.error),
  code: z.string(),
  message: z.string(),
  retryable: z.boolean(),
  ref,
  roomId: z.number().optional(),
  clientMsgId: z.string().optional(),
  fields: z.array(z.string()).optional(),
  retryAfterMs: z.number().optional(),
  /** Until when it holds, milliseconds since 1970. */
  until: z.number().optional(),
  closeCode: z.number().optional(),
});
export type ErrorFrame = z.infer<typeof errorFrameSchema>;

/** `from`..`to` (inclusive) were not sent here: read them with `history`. Live delivery goes on after `to`. */
export const resyncFrameSchema = z.object({
  op: z.literal(Op.resync),
  roomId: z.number(),
  epoch: z.string(),
  from: z.number(),
  to: z.number(),
  reason: z.enum(['slow', 'gap', 'epoch']),
});
export type ResyncFrame = z.infer<typeof resyncFrameSchema>;

export const goawayFrameSchema = z.object({
  op: z.literal(Op.goaway),
  reconnectAfterMs: z.number(),
  reason: z.string(),
});
export type GoawayFrame = z.infer<typeof goawayFrameSchema>;

/** You are not in the room any more: because you asked, or, with a `reason`, because a host put you out; `lobby`: to wait. */
export const leftFrameSchema = z.object({
  op: z.literal(Op.leave),
  roomId: z.number(),
  reason: z.enum(['kicked', 'banned', 'lobby']).optional(),
  /** Why, in the host's words. */
  note: z.string().optional(),
  /** Of a ban: milliseconds since 1970. */
  until: z.number().optional(),
  ref,
});
export type LeftFrame = z.infer<typeof leftFrameSchema>;

/** A page of history in ascending order. `more`: the range goes on in the direction asked for. */
export const historyPageSchema = z.object({
  roomId: z.number(),
  epoch: z.string(),
  head: z.number(),
  messages: z.array(entrySchema),
  more: z.boolean(),
});
export type HistoryPage = z.infer<typeof historyPageSchema>;
export const historyFrameSchema = historyPageSchema.extend({ op: z.literal(Op.history), ref });
export type HistoryFrame = z.infer<typeof historyFrameSchema>;

export const pingFrameSchema = z.object({ op: z.literal(Op.ping) });
export const pongFrameSchema = z.object({ op: z.literal(Op.pong), ref });

/** How far a user has read a room, and what has not been read yet; see `readStateSchema`. */
export const readFrameSchema = readStateSchema.extend({ op: z.literal(Op.read), ref });
export type ReadFrame = z.infer<typeof readFrameSchema>;

/** From here on this connection is told of changes; `version` is that of the list of rooms. */
export const watchFrameSchema = z.object({ op: z.literal(Op.watch), version: z.number(), ref });
export type WatchFrame = z.infer<typeof watchFrameSchema>;

/**
 * Rooms that are new or not what they were, and those that are no more. `version` is the one before plus one; if it is not,
 * a change was not told here, and the list is to be read again.
 */
export const roomsFrameSchema = z.object({
  op: z.literal(Op.rooms),
  version: z.number(),
  rooms: z.array(roomChangeSchema),
  removed: z.array(z.number()),
});
export type RoomsFrame = z.infer<typeof roomsFrameSchema>;

/** How it stands with who waits to be let in. */
export const waitFrameSchema = waitingStateSchema.extend({ op: z.literal(Op.wait), ref });
export type WaitFrame = z.infer<typeof waitFrameSchema>;

/** To hosts: so many wait. A hint, which may be lost; the list says who. */
export const lobbyFrameSchema = z.object({
  op: z.literal(Op.lobby),
  roomId: z.number(),
  waiting: z.number(),
});
export type LobbyFrame = z.infer<typeof lobbyFrameSchema>;

/** Every frame a server sends. */
export const serverFrameSchema = z.discriminatedUnion('op', [
  messageFields.extend({ op: z.literal(Op.direct) }).refine(saysSomething, orTombstone),
  messageFields.extend({ op: z.literal(Op.room) }).refine(saysSomething, orTombstone),
  eventFrameSchema,
  countFrameSchema,
  infoFrameSchema,
  joinedFrameSchema,
  ackFrameSchema,
  errorFrameSchema,
  resyncFrameSchema,
  goawayFrameSchema,
  leftFrameSchema,
  historyFrameSchema,
  pingFrameSchema,
  pongFrameSchema,
  readFrameSchema,
  watchFrameSchema,
  roomsFrameSchema,
  waitFrameSchema,
  lobbyFrameSchema,
]);
export type ServerFrame = z.infer<typeof serverFrameSchema>;
