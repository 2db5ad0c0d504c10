import { z } from 'zod';
import { actSchema } from '../acts/index.js';
import {
  clientMsgIdField,
  epochField,
  idField,
  refField,
  seqField,
  textField,
  tokenField,
} from '../fields.js';
import { limits } from '../limits.js';
import { Op } from '../opcodes.js';

const base = { ref: refField.optional(), authToken: tokenField.optional() };
const resume = { lastSeq: seqField.optional(), epoch: epochField.optional() };

const direct = z.object({
  ...base,
  op: z.literal(Op.direct),
  toUserId: idField,
  msg: textField,
  clientMsgId: clientMsgIdField.optional(),
});
const room = z.object({
  ...base,
  op: z.literal(Op.room),
  roomId: idField.optional(),
  msg: textField,
  clientMsgId: clientMsgIdField.optional(),
});
const count = z.object({ ...base, op: z.literal(Op.count), roomId: idField.optional() });
const info = z.object({ ...base, op: z.literal(Op.info), roomId: idField.optional() });
const move = z.object({ ...base, ...resume, op: z.literal(Op.move), roomId: idField });
const join = z.object({ ...base, ...resume, op: z.literal(Op.join), roomId: idField });
const leave = z.object({ ...base, op: z.literal(Op.leave), roomId: idField });
const history = z.object({
  ...base,
  op: z.literal(Op.history),
  roomId: idField,
  after: seqField.optional(),
  before: seqField.optional(),
  limit: z.number().int().min(1).max(limits.maxHistoryPage).optional(),
});
const ping = z.object({ ...base, op: z.literal(Op.ping) });
const pong = z.object({ ...base, op: z.literal(Op.pong) });
const read = z.object({ ...base, op: z.literal(Op.read), roomId: idField, seq: seqField });
const act = z.object({
  ...base,
  op: z.literal(Op.act),
  roomId: idField.optional(),
  act: actSchema,
  clientMsgId: clientMsgIdField.optional(),
});
const watch = z.object({ ...base, op: z.literal(Op.watch) });
const wait = z.object({ ...base, op: z.literal(Op.wait), roomId: idField });

/** Every frame a client may send. Unknown fields are dropped: gochat's clients send some. */
export const clientFrameSchema = z.discriminatedUnion('op', [
  direct,
  room,
  count,
  info,
  move,
  join,
  leave,
  history,
  ping,
  pong,
  read,
  watch,
  act,
  wait,
]);

/** A validated frame from a client. */
export type ClientFrame = z.infer<typeof clientFrameSchema>;

/** A client frame with one opcode. */
export type ClientFrameOf<O extends ClientFrame['op']> = Extract<ClientFrame, { op: O }>;
