import { z } from 'zod';

/**
 * Hints between processes over pub/sub. They may be lost: whoever needs the truth re-reads it when it (re)subscribes.
 */
export const revokedEventSchema = z.object({ sessionId: z.string(), expiresAt: z.number() });
export type RevokedEvent = z.infer<typeof revokedEventSchema>;

/**
 * Who is in a room has changed; `force` asks for an announcement even so: of a small room to everybody in it, of a large one
 * to the user `userId` alone.
 */
export const presenceEventSchema = z.object({
  roomId: z.number(),
  force: z.enum(['count', 'info']).optional(),
  userId: z.number().optional(),
});
export type PresenceEvent = z.infer<typeof presenceEventSchema>;

/** Something that logic caches about a room has changed. */
export const roomChangedEventSchema = z.object({ roomId: z.number() });
export type RoomChangedEvent = z.infer<typeof roomChangedEventSchema>;
