import { z } from 'zod';
import { idField } from '../fields.js';
import { limits } from '../limits.js';
import { factNames, kickSchema, type FactChange } from './facts.js';
import { personSchema, reasonField } from './fields.js';

const seconds = z.number().int().min(1).max(limits.maxTimeoutSeconds);
const reason = reasonField.optional();

/** Somebody reads on and may not speak for so many seconds. */
export const timeoutAct = z.object({ act: z.literal('timeout'), userId: idField, seconds, reason });
export const untimeoutAct = z.object({ act: z.literal('untimeout'), userId: idField });
/** Somebody leaves the room on every connection; he may come back. */
export const kickAct = z.object({ act: z.literal('kick'), userId: idField, reason });
/** … and may not come back for so many seconds; for good without them. */
export const banAct = z.object({
  act: z.literal('ban'),
  userId: idField,
  seconds: z.number().int().min(1).max(limits.maxBanSeconds).optional(),
  reason,
});
export const unbanAct = z.object({ act: z.literal('unban'), userId: idField });

/** `until`: milliseconds since 1970; 0 lifts it. */
export const timeoutEvent = personSchema.extend({ kind: z.literal('timeout'), until: z.number(), reason });
/** `kicks`: this one and those of late. An older server does not say. */
export const kickEvent = personSchema.extend({
  kind: z.literal('kick'),
  kicks: z.array(kickSchema).optional(),
  reason,
});
export const banEvent = personSchema.extend({ kind: z.literal('ban'), until: z.number(), reason });

const until = (value: number) => (value === 0 ? null : String(value));
export const timeoutFacts = (event: z.infer<typeof timeoutEvent>): FactChange[] => [
  [factNames.muted(event.userId), until(event.until)],
];
export const kickFacts = ({ kicks }: z.infer<typeof kickEvent>): FactChange[] =>
  kicks ? [[factNames.kicks, JSON.stringify(kicks)]] : [];
/** Who is let in again may speak, too. */
export const banFacts = (event: z.infer<typeof banEvent>): FactChange[] => [
  [factNames.banned(event.userId), until(event.until)],
  ...(event.until === 0 ? [[factNames.muted(event.userId), null] as const] : []),
];
