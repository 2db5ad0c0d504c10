import { z } from 'zod';
import { limits } from '../limits.js';
import { factNames, type FactChange, type RoomSettings } from './facts.js';
import { rangeSchema } from './fields.js';
import { factsOfSettings, settingsValues } from './settings.act.js';

/** Puts a room in order with one act: hosts only, guests wait outside, and what others wrote in the last seconds is hidden. */
export const panicAct = z.object({
  act: z.literal('panic'),
  hideLastSeconds: z.number().int().min(0).max(limits.maxDeleteSeconds).default(0),
});
/** Takes it back: the settings from before, and with `restore` the messages. */
export const calmAct = z.object({ act: z.literal('calm'), restore: z.boolean().default(false) });

export const panicEvent = z.object({
  kind: z.literal('panic'),
  settings: settingsValues,
  /** Settings from before. */
  prior: settingsValues,
  range: rangeSchema.optional(),
  /** Guests who came before are put out; absent in entries of before, which put out nobody. Milliseconds since 1970. */
  since: z.number().optional(),
});
export const calmEvent = z.object({
  kind: z.literal('calm'),
  settings: settingsValues,
  /** Shown again, what was hidden by the act `undoes` alone. */
  range: rangeSchema.optional(),
  undoes: z.number().optional(),
});
/** What is kept of a panic, to take it back. */
export const priorSchema = z.object({
  settings: settingsValues,
  range: rangeSchema.optional(),
  since: z.number().optional(),
});

export const panicFacts = ({ settings, prior, range, since }: z.infer<typeof panicEvent>): FactChange[] => [
  ...factsOfSettings(settings as RoomSettings),
  [
    factNames.prior,
    JSON.stringify({ settings: prior, ...(range && { range }), ...(since !== undefined && { since }) }),
  ],
];
export const calmFacts = ({ settings }: z.infer<typeof calmEvent>): FactChange[] => [
  ...factsOfSettings(settings as RoomSettings),
  [factNames.prior, null],
];
