import { z } from 'zod';
import { codePointLength } from '../code-point-length.js';
import { storableField } from '../fields.js';
import { limits } from '../limits.js';

/** Why somebody acts, for the record and for whom it concerns: a line of text. */
export const reasonField = storableField.refine(
  (reason) => codePointLength(reason) <= limits.maxReasonCodePoints,
  'reason',
);

/** A person whom an act concerns, by name: the name goes with the act, so that it can be read later. */
export const personSchema = z.object({ userId: z.number(), userName: z.string() });

/**
 * Which messages an act hides or shows again: those from `from` to `to`, or, without `to`, up to the act itself. With `of` only
 * those of these users, with `except` all but theirs.
 */
export const rangeSchema = z.object({
  from: z.number(),
  to: z.number().optional(),
  of: z.array(z.number()).optional(),
  except: z.array(z.number()).optional(),
});
export type MessageRange = z.infer<typeof rangeSchema>;
