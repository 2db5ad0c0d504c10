import { z } from 'zod';
import { textField } from '../fields.js';
import type { FactChange } from './facts.js';

export const announcementStyles = ['highlight', 'announcement', 'warning'] as const;

/** A message that stands out. gochat's clients get it as a message like others. */
export const announceAct = z.object({
  act: z.literal('announce'),
  style: z.enum(announcementStyles).default('announcement'),
  msg: textField,
});
export const announceEvent = z.object({
  kind: z.literal('announcement'),
  style: z.enum(announcementStyles),
  /** Absent where it has been deleted. */
  msg: z.string().optional(),
});
export const announceFacts = (_: z.infer<typeof announceEvent>): FactChange[] => [];
