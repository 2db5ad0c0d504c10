import { clientMsgIdField } from '@parley/protocol';
import { z } from 'zod';
import type { ThreadKey } from '../threads/thread-key.js';

/** Bounds of what one user's outbox keeps on a device. Chosen by judgement: a long flight, not an archive. */
export const outboxLimits = {
  /** Messages. Fewer than the connection holds at once, so that it never refuses one. */
  maxEntries: 500,
  /** All texts together, bytes as they are kept (two a character). */
  maxBytes: 1_048_576,
  /** Older ones are not sent by themselves any more: the talk has gone on. Milliseconds. */
  maxWaitMs: 7 * 86_400_000,
  /** Refused ones that nobody looked at are forgotten after this, milliseconds. */
  maxRefusedMs: 30 * 86_400_000,
} as const;

const entrySchema = z.object({
  clientMsgId: clientMsgIdField,
  userId: z.number(),
  userName: z.string(),
  thread: z.templateLiteral([z.enum(['room', 'user']), ':', z.number()]),
  text: z.string(),
  createdAtMs: z.number(),
  order: z.number(),
  errorCode: z.string().optional(),
});

/** A message that the user has sent and the server has not confirmed, or has refused for good. Immutable. */
export interface OutboxEntry {
  /** Names it for good: a repetition is kept and shown once. */
  readonly clientMsgId: string;
  readonly userId: number;
  /** With the id: after a server was set up anew, an id may be another person's. */
  readonly userName: string;
  readonly thread: ThreadKey;
  readonly text: string;
  /** When the user sent it, milliseconds, by this device's clock. */
  readonly createdAtMs: number;
  /** Its place in line, over all tabs. */
  readonly order: number;
  /** Why it was refused for good; undefined while it waits. */
  readonly errorCode?: string | undefined;
}

/** Reads what was kept. @returns Undefined for what is not ours, or of another version. */
export function parseEntry(value: unknown): OutboxEntry | undefined {
  const parsed = entrySchema.safeParse(value);
  return parsed.success ? (parsed.data as OutboxEntry) : undefined;
}

/** Whether one more text fits into what is kept already. */
export function hasRoomFor(entries: Iterable<OutboxEntry>, text: string): boolean {
  let count = 1;
  let chars = text.length;
  for (const entry of entries) {
    count++;
    chars += entry.text.length;
  }
  return count <= outboxLimits.maxEntries && chars * 2 <= outboxLimits.maxBytes;
}
