import { z } from 'zod';
import { codePointLength } from '../code-point-length.js';
import {
  clientMsgIdField,
  passwordField,
  roomNameField,
  seqField,
  storableField,
  textField,
  userNameField,
} from '../fields.js';
import { ackFrameSchema, historyPageSchema } from '../frames/server-frames.js';
import { limits } from '../limits.js';
import { readStateSchema } from '../reading.js';
import { roomSchema } from '../rooms.js';

export const registerBodySchema = z.object({ userName: userNameField, password: passwordField });
/** Log-in does not judge the form of a password: a wrong one is `BAD_CREDENTIALS`, whatever it looks like. */
export const loginBodySchema = z.object({
  userName: storableField.max(256),
  password: storableField.max(1_024),
});
/** A number in a query: plain digits, once. */
const digitsField = z
  .string()
  .regex(/^(0|[1-9]\d{0,15})$/)
  .transform(Number);
/** A place in a list; opaque to clients. */
export const cursorField = z.string().regex(/^\d{1,16}-\d{1,16}$/);
/** Which page of a list of rooms or conversations: the first one, or the one after a page's `next`. */
export const roomsQuerySchema = z.object({
  limit: digitsField
    .pipe(z.number().int().min(1).max(limits.maxListedRooms))
    .default(limits.defaultListedRooms),
  cursor: cursorField.optional(),
});
/** Which page of conversations; with `peer` the one with that user alone, if there is one. */
export const conversationsQuerySchema = roomsQuerySchema.extend({
  peer: digitsField.pipe(z.number().int().min(1)).optional(),
});
/** What is looked for in names: part of one, however it is written. */
const queryField = storableField.refine((query) => {
  const length = codePointLength(query.trim());
  return length >= 1 && length <= limits.maxQueryCodePoints;
}, 'query');
/** … of rooms: with `q` those whose name has it. */
export const roomsSearchSchema = roomsQuerySchema.extend({ q: queryField.optional() });
/** Users whose name has `q`. */
export const usersSearchSchema = z.object({
  q: queryField,
  limit: digitsField.pipe(z.number().int().min(1).max(limits.maxListedUsers)).default(20),
  cursor: cursorField.optional(),
});
/**
 * A page of rooms, the most recently used first; before the first page those private ones in which the user has a place. Without
 * `next` it is the last one. `version`: the page has every change of
 * the list up to this one, see the `rooms` frame.
 */
export const roomsSchema = z.object({
  rooms: z.array(roomSchema),
  next: z.string().optional(),
  version: z.number().optional(),
});
/** `listed: false`: private from the start. */
export const createRoomBodySchema = z.object({ name: roomNameField, listed: z.boolean().default(true) });
export const memberSchema = z.object({ userId: z.number(), userName: z.string() });
/** `count` is exact; `members` are all of them up to `limits.maxListedMembers`, the newest beyond. */
export const membersSchema = z.object({
  count: z.number(),
  /** `guest`: he came by an invitation, without an account. */
  members: z.array(memberSchema.extend({ guest: z.literal(true).optional() })),
});
/** Whether a user has a connection, whatever he has open. */
export const presenceSchema = memberSchema.extend({ online: z.boolean() });
/** A page of users: those whose name begins with what was looked for come first. */
export const usersSchema = z.object({ users: z.array(memberSchema), next: z.string().optional() });
/** What is unread, in the rooms that the user follows and his conversations: the most recently used of them. */
export const unreadSchema = z.object({
  rooms: z.array(readStateSchema.omit({ forgotten: true }).extend({ kind: z.enum(['room', 'direct']) })),
});
export const readBodySchema = z.object({ seq: seqField });
export const historyQuerySchema = z.object({
  before: digitsField.pipe(seqField).optional(),
  after: digitsField.pipe(seqField).optional(),
  limit: digitsField.pipe(z.number().int().min(1).max(limits.maxHistoryPage)).default(50),
});
export const sendBodySchema = z.object({ msg: textField });
/** A page of the user's direct conversations, the most recently used first. `head` is the conversation's last seq. */
export const conversationsSchema = z.object({
  conversations: z.array(z.object({ roomId: z.number(), peer: memberSchema, head: z.number() })),
  /** Where the next page starts; absent on the last one. */
  next: z.string().optional(),
});
export const idempotencyKeySchema = clientMsgIdField;
export const ackSchema = ackFrameSchema.omit({ op: true, ref: true });
/** RFC 9457 problem details. `code` is of the error catalogue. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  code: z.string(),
  retryable: z.boolean(),
  fields: z.array(z.string()).optional(),
  retryAfterMs: z.number().optional(),
  /** Until when it holds, milliseconds since 1970. */
  until: z.number().optional(),
  requestId: z.string().optional(),
});

export type Rooms = z.infer<typeof roomsSchema>;
export type Conversations = z.infer<typeof conversationsSchema>;
export type Members = z.infer<typeof membersSchema>;
export type Presence = z.infer<typeof presenceSchema>;
export type Users = z.infer<typeof usersSchema>;
export type Unread = z.infer<typeof unreadSchema>;
export type Ack = z.infer<typeof ackSchema>;
export type Problem = z.infer<typeof problemSchema>;
export { historyPageSchema };
