import { z } from 'zod';

/** What is kept of an act beside its event: for the audit log, and for the record of facts and marks in SQL. */
export const actRecordSchema = z.object({
  /** The act's name, as in `actSchema`. */
  act: z.string(),
  by: z.object({ userId: z.number(), userName: z.string(), role: z.string() }),
  target: z.object({ userId: z.number(), userName: z.string() }).optional(),
  reason: z.string().optional(),
});
export type ActRecord = z.infer<typeof actRecordSchema>;

/** Reads a record; undefined for none, or for what is none. */
export function parseActRecord(text: string | undefined): ActRecord | undefined {
  try {
    return text === undefined ? undefined : actRecordSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
