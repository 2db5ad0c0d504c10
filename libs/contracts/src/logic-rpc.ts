import {
  ackSchema,
  actSchema,
  auditPageSchema,
  clientMsgIdField,
  conversationsSchema,
  cursorField,
  idempotencyKeySchema,
  limits,
  membersSchema,
  originalSchema,
  presenceSchema,
  readStateSchema,
  restrictionsSchema,
  roomSchema,
  roomStateSchema,
  roomsSchema,
  seqField,
  sessionSchema,
  unreadSchema,
  usersSchema,
  type ErrorCode,
  errorCatalog,
} from '@parley/protocol';
import { z } from 'zod';
import { doorRpc } from './door-rpc.js';
import { rpcContract } from './rpc-contract.js';
import { bytesOfText, countInCall, rpcLimits } from './rpc-limits.js';
import { dispatchEntrySchema } from './stream-entries.js';

const id = z.number().int().positive();
const identity = z.object({
  userId: id,
  userName: z.string(),
  /** The life of the database that he is known in; see `tokenClaimsSchema`. Older edges do not say. */
  databaseLife: z.string().optional(),
  /** What he is in a room in which he has been given nothing; a member unless it is said. */
  standing: z.enum(['member', 'guest']).optional(),
  /** An admin of the site. */
  isAdmin: z.boolean().optional(),
});
const empty = z.object({});
/** A page of a list; an edge of the version before names neither. */
const page = z.object({
  userId: id,
  limit: z.number().int().min(1).max(limits.maxListedRooms).default(limits.defaultListedRooms),
  cursor: cursorField.optional(),
});
const credentials = z.object({ userName: z.string(), password: z.string() });
const roomKind = z.enum(['room', 'direct']);
const errorCode = z.enum(Object.keys(errorCatalog) as [ErrorCode, ...ErrorCode[]]);

/** One message to accept: to a room, or to a user (then `roomId` is absent and logic finds the conversation). */
export const sendSchema = z
  .object({
    from: identity,
    roomId: id.optional(),
    toUserId: id.optional(),
    text: z.string(),
    clientMsgId: clientMsgIdField,
    /** Of the request or frame that it came with, when that is traced. */
    traceparent: z.string().optional(),
  })
  .refine((send) => (send.roomId === undefined) !== (send.toUserId === undefined), 'roomId or toUserId');
export type Send = z.infer<typeof sendSchema>;

const sendsSchema = z
  .array(sendSchema)
  .min(1)
  .max(rpcLimits.maxSendsPerCall)
  .refine((sends) => {
    const most = { count: sends.length, bytes: rpcLimits.maxSendBytesPerCall };
    return countInCall(sends.length, (i) => bytesOfText(sends[i]?.text ?? ''), most) === sends.length;
  }, 'too many bytes');

/**
 * What became of one send: its ack, or a code of the catalogue. `apart`: nothing was done with it, because it has to wait
 * for what the others of the call need not wait for; it is to be sent again, alone. `alone`: likewise, because its room has to be waited for; what is for that room is to
 * be sent again in a call without other rooms.
 */
export const sendResultSchema = z.union([
  z.object({ ok: z.literal(true), ack: ackSchema }),
  z.object({
    ok: z.literal(false),
    code: errorCode,
    retryAfterMs: z.number().optional(),
    until: z.number().optional(),
    apart: z.literal(true).optional(),
    alone: z.literal(true).optional(),
  }),
]);
export type SendResult = z.infer<typeof sendResultSchema>;

/** A user says that everything of a room up to `seq` is read. `by`: the connection that says so, which is not told of it. */
export const readReportSchema = z.object({
  userId: id,
  roomId: id,
  seq: seqField,
  by: z.string().optional(),
});
export type ReadReport = z.infer<typeof readReportSchema>;

/** What became of one report, or a code of the catalogue. */
export const readResultSchema = z.union([
  z.object({ ok: z.literal(true), state: readStateSchema }),
  z.object({ ok: z.literal(false), code: errorCode, fields: z.array(z.string()).optional() }),
]);
export type ReadResult = z.infer<typeof readResultSchema>;

/** A page of history: `messages` are complete JSON texts in ascending seq, passed on unparsed. */
export const rawHistoryPageSchema = z.object({
  roomId: id,
  epoch: z.string(),
  head: z.number(),
  messages: z.array(z.string()).max(limits.maxHistoryPage),
  more: z.boolean(),
});
export type RawHistoryPage = z.infer<typeof rawHistoryPageSchema>;

const logic = { service: 'logic', deadlineMs: 5_000 } as const;
/** Passwords are hashed slowly and in a line: when a lesson starts, hundreds come at once. Half is for each try. */
const CREDENTIALS_DEADLINE_MS = 15_000;

/** Redis and SQL are waited for several times, one after the other: where each is slow, half of it still suffices. */
const HISTORY_DEADLINE_MS = 10_000;

/** Everything that `logic` serves. */
export const logicRpc = {
  ...doorRpc,
  register: rpcContract({
    ...logic,
    deadlineMs: CREDENTIALS_DEADLINE_MS,
    pattern: 'logic.register',
    request: credentials,
    response: sessionSchema,
    idempotent: false,
  }),
  login: rpcContract({
    ...logic,
    deadlineMs: CREDENTIALS_DEADLINE_MS,
    pattern: 'logic.login',
    request: credentials,
    response: sessionSchema,
    idempotent: true,
  }),
  /** Ends one session: its token is refused from now on and its sockets are closed. */
  logout: rpcContract({
    ...logic,
    pattern: 'logic.logout',
    request: z.object({ userId: id, sessionId: z.string(), expiresAt: z.number() }),
    response: empty,
    idempotent: true,
  }),
  listRooms: rpcContract({
    ...logic,
    pattern: 'logic.listRooms',
    request: page.extend({ q: z.string().optional() }),
    response: roomsSchema,
    idempotent: true,
  }),
  searchUsers: rpcContract({
    ...logic,
    pattern: 'logic.searchUsers',
    request: z.object({
      userId: id,
      q: z.string(),
      limit: z.number().int().min(1).max(limits.maxListedUsers),
      cursor: cursorField.optional(),
    }),
    response: usersSchema,
    idempotent: true,
  }),
  getRoom: rpcContract({
    ...logic,
    pattern: 'logic.getRoom',
    request: z.object({ userId: id, roomId: id }),
    response: roomSchema,
    idempotent: true,
  }),
  createRoom: rpcContract({
    ...logic,
    pattern: 'logic.createRoom',
    // An older edge does not say it.
    request: z.object({
      userId: id,
      name: z.string(),
      listed: z.boolean().default(true),
      key: idempotencyKeySchema.optional(),
    }),
    response: roomSchema,
    idempotent: false,
  }),
  listMembers: rpcContract({
    ...logic,
    pattern: 'logic.listMembers',
    request: z.object({ userId: id, roomId: id }),
    response: membersSchema,
    idempotent: true,
  }),
  getPresence: rpcContract({
    ...logic,
    pattern: 'logic.getPresence',
    request: z.object({ userId: id }),
    response: presenceSchema,
    idempotent: true,
  }),
  listConversations: rpcContract({
    ...logic,
    pattern: 'logic.listConversations',
    request: page.extend({ peer: id.optional() }),
    response: conversationsSchema,
    idempotent: true,
  }),
  /**
   * May this user be in this room? Answers the room's kind, and makes sure that its head exists in Redis,
   * so that whoever joins finds a position.
   */
  admit: rpcContract({
    ...logic,
    pattern: 'logic.admit',
    request: z.object({ userId: id, roomId: id }),
    response: z.object({ roomId: id, kind: roomKind }),
    idempotent: true,
  }),
  /**
   * The same for many, as far as it costs no waiting: nothing is read for it, and no head made. Kinds are in the order of the
   * questions; null where the answer is no, or not known at hand: `admit` has it.
   */
  admitMany: rpcContract({
    ...logic,
    pattern: 'logic.admitMany',
    request: z.object({
      asks: z
        .array(z.object({ userId: id, roomId: id }))
        .min(1)
        .max(rpcLimits.maxAdmissionsPerCall),
    }),
    response: z.object({ kinds: z.array(roomKind.nullable()).max(rpcLimits.maxAdmissionsPerCall) }),
    idempotent: true,
  }),
  /**
   * Says that more of a room's epoch was delivered than Redis has. If that is so the epoch has ended; answers the position
   * in force.
   */
  restorePosition: rpcContract({
    ...logic,
    pattern: 'logic.restorePosition',
    request: z.object({ roomId: id, seen: z.object({ seq: seqField, epoch: z.string().min(1).max(64) }) }),
    response: z.object({ seq: z.number(), epoch: z.string() }),
    idempotent: true,
  }),
  /**
   * Accepts messages; results are in the order of the sends. Idempotent: every send has a `clientMsgId`. With `apart`, sends
   * that would keep the others waiting are given back; without it they keep them waiting. With `mixed`, which says that the
   * sends are for several rooms, the same holds for a room that would keep the other rooms waiting.
   */
  publishMany: rpcContract({
    ...logic,
    pattern: 'logic.publishMany',
    request: z.object({
      sends: sendsSchema,
      apart: z.boolean().optional(),
      mixed: z.boolean().optional(),
    }),
    response: z.object({ results: z.array(sendResultSchema).max(rpcLimits.maxSendsPerCall) }),
    idempotent: true,
  }),
  /** Does something to a room. Idempotent: it has a `clientMsgId`. Answered when it is in force. */
  act: rpcContract({
    ...logic,
    pattern: 'logic.act',
    request: z.object({ from: identity, roomId: id, act: actSchema, clientMsgId: clientMsgIdField }),
    response: ackSchema,
    idempotent: true,
  }),
  /** What holds in a room, for whom asks. */
  roomState: rpcContract({
    ...logic,
    pattern: 'logic.roomState',
    request: z.object({ userId: id, roomId: id, standing: z.enum(['member', 'guest']).optional() }),
    response: z.object({ seq: z.number(), epoch: z.string(), state: roomStateSchema }),
    idempotent: true,
  }),
  /** For hosts: who is banned or may not speak. */
  restrictions: rpcContract({
    ...logic,
    pattern: 'logic.restrictions',
    request: z.object({ userId: id, roomId: id }),
    response: restrictionsSchema,
    idempotent: true,
  }),
  /** For hosts: who did what, the newest first. */
  audit: rpcContract({
    ...logic,
    pattern: 'logic.audit',
    request: z.object({
      userId: id,
      roomId: id,
      before: seqField.optional(),
      about: seqField.optional(),
      limit: z.number().int().min(1).max(limits.maxAuditPage),
    }),
    response: auditPageSchema,
    idempotent: true,
  }),
  /** For hosts: a message as it was sent. */
  original: rpcContract({
    ...logic,
    pattern: 'logic.original',
    request: z.object({ userId: id, roomId: id, seq: seqField }),
    response: originalSchema,
    idempotent: true,
  }),
  /** Messages after a seq (ascending from there) or before one (the newest below it); neither: the newest. */
  history: rpcContract({
    ...logic,
    deadlineMs: HISTORY_DEADLINE_MS,
    pattern: 'logic.history',
    request: z.object({
      userId: id,
      roomId: id,
      after: seqField.optional(),
      before: seqField.optional(),
      limit: z.number().int().min(1).max(limits.maxHistoryPage),
      maxBytes: z.number().int().positive().optional(),
    }),
    response: rawHistoryPageSchema,
    idempotent: true,
    replyBytes: ({ maxBytes }) => maxBytes ?? rpcLimits.maxHistoryReplyBytes,
  }),
  /** Moves read positions forward; one that is there already stays. Results are in the order of the reports. */
  markRead: rpcContract({
    ...logic,
    pattern: 'logic.markRead',
    request: z.object({ reads: z.array(readReportSchema).min(1).max(rpcLimits.maxReadsPerCall) }),
    response: z.object({ results: z.array(readResultSchema).max(rpcLimits.maxReadsPerCall) }),
    idempotent: true,
  }),
  /** Everything that is unread is read. */
  markAllRead: rpcContract({
    ...logic,
    pattern: 'logic.markAllRead',
    request: z.object({ userId: id }),
    response: empty,
    idempotent: true,
  }),
  /** The user does not follow a room any more: its read position is forgotten. */
  forgetRead: rpcContract({
    ...logic,
    pattern: 'logic.forgetRead',
    request: z.object({ userId: id, roomId: id }),
    response: empty,
    idempotent: true,
  }),
  listUnread: rpcContract({
    ...logic,
    pattern: 'logic.listUnread',
    request: z.object({ userId: id }),
    response: unreadSchema,
    idempotent: true,
  }),
  /** Has the count or the members of a room announced, now: to everyone in it, or to who asks when it is large. */
  announce: rpcContract({
    ...logic,
    pattern: 'logic.announce',
    request: z.object({ userId: id, roomId: id, what: z.enum(['count', 'info']) }),
    response: empty,
    idempotent: true,
  }),
  /**
   * Writes accepted messages to SQL. Idempotent by (room, seq). `databaseLife`: the one that Redis belonged to when they were
   * read; `otherDatabase`: it is not this one's, and nothing was written.
   */
  archive: rpcContract({
    ...logic,
    deadlineMs: 10_000,
    pattern: 'logic.archive',
    request: z.object({
      entries: z.array(dispatchEntrySchema).min(1).max(rpcLimits.maxEntriesPerArchive),
      databaseLife: z.string().optional(),
    }),
    response: z.object({ otherDatabase: z.boolean().optional() }),
    idempotent: true,
  }),
} as const;
