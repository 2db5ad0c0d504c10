import { z } from 'zod';

export const userSchema = z.object({
  userId: z.number(),
  userName: z.string(),
  role: z.enum(['user', 'admin', 'guest']),
});
export type User = z.infer<typeof userSchema>;

export const sessionSchema = z.object({ token: z.string(), expiresAt: z.number(), user: userSchema });
export type Session = z.infer<typeof sessionSchema>;

/**
 * A session like any other, of a guest: it is good for this room alone. `waiting`: so far it is good for nothing but waiting to be let in.
 */
export const guestSessionSchema = sessionSchema.extend({
  roomId: z.number(),
  waiting: z.literal(true).optional(),
});
export type GuestSession = z.infer<typeof guestSessionSchema>;

/**
 * How it stands with who waits. `admitted`: he may come in, a guest with the `session` that says so. `denied`: by a host. `over`:
 * his invitation has ended, or he was away for too long.
 */
export const waitingStateSchema = z.object({
  roomId: z.number(),
  state: z.enum(['waiting', 'admitted', 'denied', 'over']),
  /** Since when he waits, milliseconds since 1970. */
  since: z.number().optional(),
  session: guestSessionSchema.optional(),
});
export type WaitingState = z.infer<typeof waitingStateSchema>;
