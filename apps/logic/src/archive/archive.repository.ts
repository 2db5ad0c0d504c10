import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { messageJson, type DispatchEntry } from '@parley/contracts';
import { messageSchema } from '@parley/protocol';
import { DataSource, LessThan, MoreThan, type EntityManager } from 'typeorm';
import { MessageEntity } from '../database/message.entity.js';
import { SqlWriter } from '../database/sql-writer.js';

/** What history needs of an archived message. */
export interface ArchivedMessage {
  readonly seq: number;
  readonly epoch: string;
  readonly body: string;
}

/** Rows of one INSERT: ten columns each, and old SQLite takes 999 variables. */
const ROWS_PER_INSERT = 90;

/** Messages in SQL. */
@Injectable()
export class ArchiveRepository {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(SqlWriter) private readonly writer: SqlWriter,
  ) {}

  /** Stores messages in one transaction. What is there already, by (room, seq), stays as it is. */
  async append(entries: readonly DispatchEntry[]): Promise<void> {
    const rows = entries.map(rowOf);
    await this.writer.run(async (manager) => {
      for (let i = 0; i < rows.length; i += ROWS_PER_INSERT)
        await insert(manager, rows.slice(i, i + ROWS_PER_INSERT));
      await this.rescue(manager, rows);
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

  async findByClientMsgId(
    roomId: number,
    senderId: number,
    clientMsgId: string,
  ): Promise<ArchivedMessage | undefined> {
    return (await this.messages.findOneBy({ roomId, senderId, clientMsgId })) ?? undefined;
  }

  /** The highest archived seq of a room; 0 when there is none. */
  async maxSeq(roomId: number): Promise<number> {
    return Number((await this.messages.maximum('seq', { roomId })) ?? 0);
  }

  /**
   * The unique index on client ids must never cost an accepted message: one that it kept out goes in without its id.
   */
  private async rescue(manager: EntityManager, rows: readonly MessageEntity[]): Promise<void> {
    for (const { roomId, seqs } of ranges(rows)) {
      const found = await manager
        .createQueryBuilder(MessageEntity, 'm')
        .where('m.room_id = :roomId AND m.seq BETWEEN :from AND :to', {
          roomId,
          from: Math.min(...seqs),
          to: Math.max(...seqs),
        })
        .getCount();
      if (found >= seqs.size) continue;
      const withoutId = rows
        .filter((row) => row.roomId === roomId)
        .map((row) => ({ ...row, clientMsgId: null }));
      for (let i = 0; i < withoutId.length; i += ROWS_PER_INSERT)
        await insert(manager, withoutId.slice(i, i + ROWS_PER_INSERT));
    }
  }

  private get messages() {
    return this.dataSource.getRepository(MessageEntity);
  }
}

async function insert(manager: EntityManager, rows: readonly MessageEntity[]): Promise<void> {
  await manager
    .createQueryBuilder()
    .insert()
    .into(MessageEntity)
    .values([...rows])
    .orIgnore()
    .updateEntity(false)
    .execute();
}

function ranges(rows: readonly MessageEntity[]): { roomId: number; seqs: Set<number> }[] {
  const byRoom = new Map<number, Set<number>>();
  for (const { roomId, seq } of rows) {
    const seqs = byRoom.get(roomId);
    if (seqs) seqs.add(seq);
    else byRoom.set(roomId, new Set([seq]));
  }
  return [...byRoom].map(([roomId, seqs]) => ({ roomId, seqs }));
}

function rowOf(entry: DispatchEntry): MessageEntity {
  const message = messageSchema.parse(JSON.parse(messageJson(entry)));
  return Object.assign(new MessageEntity(), {
    roomId: entry.roomId,
    seq: entry.seq,
    epoch: entry.epoch,
    id: message.id,
    senderId: message.fromUserId,
    kind: message.op,
    clientMsgId: message.clientMsgId,
    sentAt: message.sentAt,
    recalledAt: null,
    body: entry.body,
  });
}
