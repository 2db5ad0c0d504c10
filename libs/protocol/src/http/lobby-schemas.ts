import { z } from 'zod';
import { idField } from '../fields.js';
import { limits } from '../limits.js';

/** People whom a host lets in, or does not: these, or all who wait at that moment, however many they are. */
export const decideWaitingSchema = z
  .object({
    userIds: z.array(idField).min(1).max(limits.maxWaiting).optional(),
    all: z.literal(true).optional(),
  })
  .refine(({ userIds, all }) => (userIds === undefined) !== (all === undefined), {
    path: ['userIds'],
    error: 'userIds or all',
  });
/** `later`: whoever comes from now on is let in, too. */
export const admitWaitingSchema = decideWaitingSchema.safeExtend({ later: z.boolean().default(false) });
/** What came of it: for how many. Again it is nobody: those do not wait any more. `waiting`: who still does. */
export const decidedSchema = z.object({ decided: z.number(), waiting: z.number() });
export type Decided = z.infer<typeof decidedSchema>;

const digits = z
  .string()
  .regex(/^(0|[1-9]\d{0,15})$/)
  .transform(Number);
export const waitingQuerySchema = z.object({
  /** Behind this one of the page before. */
  after: digits.pipe(z.number().int().positive()).optional(),
  limit: digits.pipe(z.number().int().min(1).max(limits.maxWaitingPage)).default(limits.maxWaitingPage),
});
/** Somebody who waits, as hosts see him. `since`: milliseconds since 1970. `isGuest`: without an account. */
export const waitingPersonSchema = z.object({
  userId: z.number(),
  userName: z.string(),
  isGuest: z.boolean(),
  since: z.number(),
  /** By which invitation; absent for who came by the room's code. */
  inviteId: z.string().optional(),
  /** Of the invitation: by whom, and when it was made. */
  invitedBy: z.string().optional(),
  invitedAt: z.number().optional(),
});
export type WaitingPerson = z.infer<typeof waitingPersonSchema>;
/** Who waits, the first to come first; `total` of all. */
export const waitingListSchema = z.object({
  total: z.number(),
  people: z.array(waitingPersonSchema),
  more: z.boolean(),
});
export type WaitingList = z.infer<typeof waitingListSchema>;
