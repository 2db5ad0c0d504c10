import { z } from 'zod';
import { rpcLimits } from './rpc-limits.js';

/**
 * A message as it travels from `logic` to the sockets. `body` is the delivered JSON object without its last fields and
 * its closing brace: `{"code":0,"op":3,…,"sentAt":1`. Nobody on the way parses it; {@link messageJson} completes it.
 */
export const dispatchEntrySchema = z.object({
  roomId: z.number().int().positive(),
  seq: z.number().int().positive(),
  epoch: z.string().min(1),
  body: z.string().startsWith('{').max(rpcLimits.maxBodyChars),
  /** For a direct message: the users of the conversation. Absent for a room message. */
  recipients: z.array(z.number().int().positive()).optional(),
  /** Of an act: what only the archive is told, see `ActRecord`, as JSON. Never delivered. */
  act: z.string().max(rpcLimits.maxBodyChars).optional(),
  /** Of its acceptance, when that is traced. */
  traceparent: z.string().optional(),
});
export type DispatchEntry = z.infer<typeof dispatchEntrySchema>;

/** Completes a body with what only the accept script knows. */
export function messageJson(entry: {
  readonly body: string;
  readonly seq: number;
  readonly epoch: string;
}): string {
  return `${entry.body},"seq":${entry.seq},"epoch":"${entry.epoch}"}`;
}

/** Turns a delivered object's JSON into a body: the inverse of {@link messageJson} for a message without seq and epoch. */
export function messageBody(message: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(message).slice(0, -1);
}
