import { z } from 'zod';
import { limits } from './limits.js';

/**
 * How far a user has read a room, on whichever device: everything up to `seq`, which never goes back. `unread` are the
 * messages of others after it, up to `head`; own messages are none, nor are numbers that no message has. At
 * `limits.maxUnread` the counting stops. `forgotten`: the user has left the room for good and has no position in it.
 */
export const readStateSchema = z.object({
  roomId: z.number(),
  seq: z.number(),
  head: z.number(),
  unread: z.number().max(limits.maxUnread),
  forgotten: z.literal(true).optional(),
});
export type ReadState = z.infer<typeof readStateSchema>;
