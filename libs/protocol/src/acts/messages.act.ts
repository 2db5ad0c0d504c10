import { z } from 'zod';
import { idField, seqField } from '../fields.js';
import { limits } from '../limits.js';
import { factNames, pinSchema, type FactChange } from './facts.js';
import { rangeSchema, reasonField } from './fields.js';

const numbered = seqField.refine((seq) => seq > 0, 'seq');
/**
 * Which messages: one by its `seq`; those between two numbers, both included; or a person's of the last seconds. `userId` with a
 * range: only that person's.
 */
const selector = {
  seq: numbered.optional(),
  from: numbered.optional(),
  to: numbered.optional(),
  userId: idField.optional(),
  lastSeconds: z.number().int().min(1).max(limits.maxDeleteSeconds).optional(),
};
type Selected = Partial<Record<keyof typeof selector, number>>;
const names = ({ seq, from, to, userId, lastSeconds }: Selected): boolean =>
  [
    seq !== undefined &&
      from === undefined &&
      to === undefined &&
      lastSeconds === undefined &&
      userId === undefined,
    from !== undefined && to !== undefined && from <= to && seq === undefined && lastSeconds === undefined,
    lastSeconds !== undefined &&
      userId !== undefined &&
      seq === undefined &&
      from === undefined &&
      to === undefined,
  ].filter(Boolean).length === 1;

export const deleteAct = z
  .object({ act: z.literal('delete'), ...selector, reason: reasonField.optional() })
  .refine(names, { path: ['seq'] });
/** Shows again what was deleted, as long as the originals are kept. */
export const restoreAct = z
  .object({ act: z.literal('restore'), ...selector })
  .refine(names, { path: ['seq'] });

/** Pins after the act, when it took some away with their messages. */
const pins = z.array(pinSchema).optional();
/** `by`: the author, or somebody else, who is not named. */
export const deleteEvent = z.object({
  kind: z.literal('delete'),
  range: rangeSchema,
  by: z.enum(['self', 'moderator']),
  reason: reasonField.optional(),
  pins,
});
export const restoreEvent = z.object({ kind: z.literal('restore'), range: rangeSchema });

/** Keeps a message in sight, until a moment (milliseconds since 1970) or for good. */
export const pinAct = z.object({
  act: z.literal('pin'),
  seq: numbered,
  expiresAt: z.number().int().positive().max(8_640_000_000_000_000).optional(),
});
export const unpinAct = z.object({ act: z.literal('unpin'), seq: numbered });
/** All pins from here on. */
export const pinsEvent = z.object({ kind: z.literal('pins'), pins: z.array(pinSchema) });

/** The fact that pins are. */
export const factOfPins = (list: readonly z.infer<typeof pinSchema>[]): FactChange => [
  factNames.pins,
  list.length === 0 ? null : JSON.stringify(list),
];
export const deleteFacts = (event: z.infer<typeof deleteEvent>): FactChange[] =>
  event.pins ? [factOfPins(event.pins)] : [];
export const restoreFacts = (_: z.infer<typeof restoreEvent>): FactChange[] => [];
export const pinsFacts = (event: z.infer<typeof pinsEvent>): FactChange[] => [factOfPins(event.pins)];
