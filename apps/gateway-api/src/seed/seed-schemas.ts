import { clientMsgIdField, idField, loginBodySchema, registerBodySchema, textField } from '@parley/protocol';
import { z } from 'zod';

export const seedReplySchema = z.object({ code: z.number(), data: z.unknown(), message: z.string() });
/** gochat's name for the password. */
const credentials = ({ shape }: typeof registerBodySchema | typeof loginBodySchema) =>
  z.object({ userName: shape.userName, passWord: shape.password });
export const seedLoginSchema = credentials(loginBodySchema);
export const seedRegisterSchema = credentials(registerBodySchema);

export const tokenBodySchema = z.object({ authToken: z.string().nullable() });

/** Stands in examples for a token, which nobody has before logging in. */
export const exampleToken = '<the token that /user/login answers in data>';

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
