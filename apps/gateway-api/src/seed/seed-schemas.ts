import { clientMsgIdField, idField, textField } from '@parley/protocol';
import { z } from 'zod';

export const seedReplySchema = z.object({ code: z.number(), data: z.unknown(), message: z.string() });
export const tokenBodySchema = z.object({ authToken: z.string().nullable() });

const token = { authToken: z.string() };
export const pushBodySchema = z.object({
  ...token,
  msg: textField,
  toUserId: idField,
  clientMsgId: clientMsgIdField.optional(),
});
export const pushRoomBodySchema = z.object({
  ...token,
  msg: textField,
  roomId: idField,
  clientMsgId: clientMsgIdField.optional(),
});
export const roomBodySchema = z.object({ ...token, roomId: idField });
