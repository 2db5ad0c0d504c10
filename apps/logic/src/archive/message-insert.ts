import type { EntityManager } from 'typeorm';
import { placer } from '../database/placer.js';
import type { MessageRow } from './message-rows.js';

/** Rows of one INSERT, nine variables each: SQLite takes 32,766, Postgres 65,535. */
const ROWS_PER_INSERT = 200;
const COLUMNS = 'room_id, seq, id, epoch, sender_id, kind, client_msg_id, sent_at, body';

/**
 * Inserts messages where their (room, seq) is free, inside the transaction of `manager`. A message whose `clientMsgId` its
 * sender has used for another one is stored without it: the unique index must never cost an accepted message.
 *
 * @param rows - Sorted by room and seq: two processes that store overlapping batches would otherwise wait for each other.
 * @returns Those whose number another message has.
 */
export async function insertMessages(
  manager: EntityManager,
  rows: readonly MessageRow[],
): Promise<MessageRow[]> {
  const conflicts: MessageRow[] = [];
  for (let i = 0; i < rows.length; i += ROWS_PER_INSERT) {
    const chunk = rows.slice(i, i + ROWS_PER_INSERT);
    if ((await insert(manager, chunk)) === chunk.length) continue;
    // Some were kept out: those that are there already, which stay out, and those whose id is taken.
    await insert(
      manager,
      chunk.map((row) => ({ ...row, clientMsgId: null })),
    );
    const present = await textsAt(manager, chunk);
    conflicts.push(...chunk.filter((row) => present.get(keyOf(row)) !== textOf(row)));
  }
  return conflicts;
}

const keyOf = (row: { roomId: unknown; seq: unknown }) => `${row.roomId as number}:${row.seq as number}`;
/** What makes two messages the same one. */
const textOf = (row: { id: string; epoch: string; body: string }) => `${row.id} ${row.epoch} ${row.body}`;

/** @returns How many of the rows were new. */
async function insert(manager: EntityManager, rows: readonly MessageRow[]): Promise<number> {
  const values: unknown[] = [];
  const place = placer(manager, values);
  const tuples = rows.map(
    ({ roomId, seq, id, epoch, senderId, kind, clientMsgId, sentAt, body }) =>
      `(${[roomId, seq, id, epoch, senderId, kind, clientMsgId, sentAt, body].map(place)})`,
  );
  // Written by hand: TypeORM's own INSERT takes twice the time, and does not tell on SQLite how many rows went in.
  const sql = `INSERT INTO messages (${COLUMNS}) VALUES ${tuples.join(', ')} ON CONFLICT DO NOTHING`;
  const runner = manager.queryRunner;
  if (!runner) throw new Error('not in a transaction');
  return (await runner.query(sql, values, true)).affected ?? 0;
}

/** What SQL has under the numbers of these rows. */
async function textsAt(manager: EntityManager, rows: readonly MessageRow[]): Promise<Map<string, string>> {
  const values: unknown[] = [];
  const place = placer(manager, values);
  const numbers = rows.map(
    ({ roomId, seq }) => `(CAST(${place(roomId)} AS BIGINT), CAST(${place(seq)} AS BIGINT))`,
  );
  const found: { roomId: unknown; seq: unknown; id: string; epoch: string; body: string }[] =
    await manager.query(
      `SELECT room_id AS "roomId", seq, id, epoch, body FROM messages
       WHERE (room_id, seq) IN (VALUES ${numbers.join(', ')})`,
      values,
    );
  return new Map(found.map((row) => [keyOf(row), textOf(row)]));
}
