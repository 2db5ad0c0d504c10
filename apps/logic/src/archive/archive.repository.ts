import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { messageJson, type DispatchEntry } from '@parley/contracts';
import { messageSchema } from '@parley/protocol';
import { DataSource, LessThan, MoreThan, type EntityManager } from 'typeorm';
import type { z } from 'zod';
import { MessageEntity } from '../database/message.entity.js';
import { SqlWriter } from '../database/sql-writer.js';

/** What history needs of an archived message. */
export interface ArchivedMessage {
  readonly seq: number;
  readonly epoch: string;
  readonly body: string;
}

/** Rows of one INSERT, nine variables each: SQLite takes 32,766, Postgres 65,535. */
const ROWS_PER_INSERT = 200;

/** Messages in SQL. */
@Injectable()
export class ArchiveRepository {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(SqlWriter) private readonly writer: SqlWriter,
  ) {}

  /**
   * Stores messages in one transaction. What is there already, by (room, seq), stays as it is. A message whose
   * `clientMsgId` its sender has used for another one is stored without it: the unique index must never cost an accepted
   * message.
   */
  async append(entries: readonly DispatchEntry[]): Promise<void> {
    // In one order everywhere: two processes that store overlapping batches would otherwise wait for each other.
    const rows = entries.map(rowOf).sort((a, b) => a.roomId - b.roomId || a.seq - b.seq);
    await this.writer.run(async (manager) => {
      for (let i = 0; i < rows.length; i += ROWS_PER_INSERT) {
        const chunk = rows.slice(i, i + ROWS_PER_INSERT);
        if ((await insert(manager, chunk)) === chunk.length) continue;
        // Some were kept out: those that are there already, which stay out, and those whose id is taken.
        await insert(
          manager,
          chunk.map((row) => ({ ...row, clientMsgId: null })),
        );
      }
    });
  }

  /** Messages after a seq, or the newest before one, or the newest; always ascending. */
  async page(
    roomId: number,
    range: { after?: number; before?: number; limit: number },
  ): Promise<ArchivedMessage[]> {
    const forward = range.after !== undefined;
    const seq = forward
      ? MoreThan(range.after ?? 0)
      : range.before !== undefined
        ? LessThan(range.before)
        : undefined;
    const rows = await this.messages.find({
      select: { seq: true, epoch: true, body: true },
      where: { roomId, ...(seq && { seq }) },
      order: { seq: forward ? 'ASC' : 'DESC' },
      take: range.limit,
    });
    return forward ? rows : rows.reverse();
  }

  /** Those of the sends that are archived, in one query and in no order. */
  async findSent(
    roomId: number,
    sends: readonly { readonly senderId: number; readonly clientMsgId: string }[],
  ): Promise<ArchivedMessage[]> {
    if (sends.length === 0) return [];
    return this.messages.find({
      select: { seq: true, epoch: true, body: true },
      where: sends.map(({ senderId, clientMsgId }) => ({ roomId, senderId, clientMsgId })),
    });
  }

  /** The highest archived seq of a room; 0 when there is none. */
  async maxSeq(roomId: number): Promise<number> {
    return Number((await this.messages.maximum('seq', { roomId })) ?? 0);
  }

  private get messages() {
    return this.dataSource.getRepository(MessageEntity);
  }
}

type MessageRow = Omit<MessageEntity, 'recalledAt'>;

const COLUMNS = 'room_id, seq, id, epoch, sender_id, kind, client_msg_id, sent_at, body';

/** @returns How many of the rows were new. */
async function insert(manager: EntityManager, rows: readonly MessageRow[]): Promise<number> {
  const postgres = manager.connection.options.type === 'postgres';
  const values: unknown[] = [];
  const place = (value: unknown) => {
    values.push(value);
    return postgres ? `$${values.length}` : '?';
  };
  const tuples = rows.map(
    (row) =>
      `(${[
        row.roomId,
        row.seq,
        row.id,
        row.epoch,
        row.senderId,
        row.kind,
        row.clientMsgId,
        row.sentAt,
        row.body,
      ].map(place)})`,
  );
  // Written by hand: TypeORM's own INSERT takes twice the time, and does not tell on SQLite how many rows went in.
  const sql = `INSERT INTO messages (${COLUMNS}) VALUES ${tuples.join(', ')} ON CONFLICT DO NOTHING`;
  const runner = manager.queryRunner;
  if (!runner) throw new Error('not in a transaction');
  return (await runner.query(sql, values, true)).affected ?? 0;
}

/** What the columns hold of a body that is not what we write: it is kept and given out as it is. */
const unreadable = { id: '', fromUserId: 0, op: 0, clientMsgId: null, sentAt: 0 };

function rowOf(entry: DispatchEntry): MessageRow {
  const { roomId, seq, epoch, body } = entry;
  const { id, fromUserId, op, clientMsgId, sentAt } = columnsOf(entry) ?? unreadable;
  return { roomId, seq, id, epoch, senderId: fromUserId, kind: op, clientMsgId, sentAt, body };
}

const columnsSchema = messageSchema.pick({
  id: true,
  fromUserId: true,
  op: true,
  clientMsgId: true,
  sentAt: true,
});

function columnsOf(entry: DispatchEntry): z.infer<typeof columnsSchema> | undefined {
  try {
    return columnsSchema.parse(JSON.parse(messageJson(entry)));
  } catch {
    return undefined;
  }
}
