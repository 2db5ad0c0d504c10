import { messageJson, parseActRecord, type DispatchEntry } from '@parley/contracts';
import { clientMsgIdField, entrySchema } from '@parley/protocol';
import { z } from 'zod';
import type { MessageEntity } from '../database/message.entity.js';

/** A row of `messages` as it is inserted. */
export type MessageRow = Omit<MessageEntity, 'recalledAt'>;

/** A message from the stream with its row; no row: no client could read it as a message. */
export interface ReadEntry {
  readonly entry: DispatchEntry;
  readonly row: MessageRow | undefined;
}

/** What a column of SQL takes of a field, else what stands for it. The body is kept whole in any case. */
const columnsSchema = z.object({
  id: z
    .string()
    .max(64)
    // Postgres takes no NUL in a text.
    .regex(/^[^\u0000\p{Cs}]*$/u)
    .catch(''),
  fromUserId: z.number().int().min(0).catch(0),
  op: z.number().int().min(0).max(2_147_483_647).catch(0),
  clientMsgId: clientMsgIdField.nullable().catch(null),
  sentAt: z.number().int().min(0).catch(0),
});

/** Reads a message for its columns. */
export function readEntry(entry: DispatchEntry): ReadEntry {
  const { roomId, seq, epoch, body } = entry;
  let message: unknown;
  try {
    message = JSON.parse(messageJson(entry));
  } catch {
    return { entry, row: undefined };
  }
  if (!entrySchema.safeParse(message).success) return { entry, row: undefined };
  const { id, fromUserId, op, clientMsgId, sentAt } = columnsSchema.parse(message);
  return {
    entry,
    // An act is its actor's, whatever the room is told.
    row: {
      ...{ roomId, seq, id, epoch, kind: op, clientMsgId, sentAt, body },
      senderId: parseActRecord(entry.act)?.by.userId ?? fromUserId,
    },
  };
}
