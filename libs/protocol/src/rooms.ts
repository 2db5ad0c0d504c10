import { z } from 'zod';

/** A room or conversation as the lists have it. `online`: users in it. */
export const roomSchema = z.object({
  roomId: z.number(),
  name: z.string(),
  kind: z.enum(['room', 'direct']),
  online: z.number(),
  /** It is in the lists of its members alone. */
  private: z.literal(true).optional(),
});
export type Room = z.infer<typeof roomSchema>;

/** A room that is not what it was. `created`: it has just been made. */
export const roomChangeSchema = roomSchema.extend({ created: z.literal(true).optional() });
export type RoomChange = z.infer<typeof roomChangeSchema>;
