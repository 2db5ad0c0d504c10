import { z } from 'zod';
import type { FactChange } from './facts.js';
import { personSchema } from './fields.js';

/**
 * A guest has another name: `userName`; so far he was `from`. No act of the matrix: he does it to himself, over HTTP alone, because
 * his session changes with it.
 */
export const renameEvent = personSchema.extend({ kind: z.literal('rename'), from: z.string() });

/** What was written keeps the name under which it was. */
export const renameFacts = (_: z.infer<typeof renameEvent>): FactChange[] => [];
