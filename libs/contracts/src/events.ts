import { readStateSchema, roomsFrameSchema } from '@parley/protocol';
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

/** A room was made, or what is known of it has changed: its name, or whether it is there at all. */
export const roomChangedEventSchema = z.object({ roomId: z.number(), created: z.literal(true).optional() });
export type RoomChangedEvent = z.infer<typeof roomChangedEventSchema>;

/**
 * So many wait to be let into a room. `isDecided`: something was decided about who waits, so that those who do are to ask.
 */
export const lobbyEventSchema = z.object({
  roomId: z.number(),
  waiting: z.number(),
  isDecided: z.boolean(),
});
export type LobbyEvent = z.infer<typeof lobbyEventSchema>;

/** Users have read further, or have left rooms for good. `by`: the connection that knows. */
export const readEventSchema = z.object({
  reads: z.array(readStateSchema.extend({ userId: z.number(), by: z.string().optional() })),
});
export type ReadEvent = z.infer<typeof readEventSchema>;

/** Changes of the list of rooms, as clients get them. Its truth is the list, its version is in Redis. */
export const directoryEventSchema = roomsFrameSchema;
export type DirectoryEvent = z.infer<typeof directoryEventSchema>;
