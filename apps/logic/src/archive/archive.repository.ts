import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DispatchEntry } from '@parley/contracts';
import { isStorable, Op } from '@parley/protocol';
import { DataSource, LessThan, MoreThan } from 'typeorm';
import { SqlWriter } from '../database/sql-writer.js';
import { MessageEntity } from '../database/message.entity.js';
import { ArchiveWriter, type AppendOutcome } from './archive-writer.js';
import { AsideRepository } from './aside.repository.js';

/** What history needs of an archived message. `body` is absent where a number is taken by what nobody can read. */
export interface ArchivedMessage {
  readonly seq: number;
  readonly epoch: string;
  readonly body: string | undefined;
}

/** A message that can be read. */
export type ReadableMessage = ArchivedMessage & { readonly body: string };
/** … with whoever sent it, or acted. */
export type SentRow = ReadableMessage & { readonly senderId: number };

/** A part of a room's messages: above `after`, or the newest below `before`, or the newest of all. */
export interface ArchiveRange {
  readonly after?: number;
  readonly before?: number;
  readonly limit: number;
}

/** Whether there is anything under its number that can be read. */
export const isReadable = (message: ArchivedMessage): message is ReadableMessage =>
  message.body !== undefined;

/** Messages in SQL. */
@Injectable()
export class ArchiveRepository {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(ArchiveWriter) private readonly writer: ArchiveWriter,
    @Inject(AsideRepository) private readonly aside: AsideRepository,
    @Inject(SqlWriter) private readonly sql: SqlWriter,
  ) {}

  /**
   * Stores messages. What is there already, by (room, seq), stays as it is. What SQL refuses, what no client could read,
   * and what comes under another message's number is set aside, and the rest is stored.
   *
   * @returns What was set aside, and what could not be.
   * @throws {AppError} `UNAVAILABLE` when the database takes nothing, whatever it is given. A part may be stored.
   */
  async append(entries: readonly DispatchEntry[]): Promise<AppendOutcome> {
    return this.writer.append(entries);
  }

  /**
   * Messages after a seq, or the newest before one, or the newest; always ascending. What was set aside is among them, and texts
   * that are hidden: see `ArchiveReader`.
   */
  async originals(roomId: number, range: ArchiveRange): Promise<ArchivedMessage[]> {
    const forward = range.after !== undefined;
    const seq = forward
      ? MoreThan(range.after ?? 0)
      : range.before !== undefined
        ? LessThan(range.before)
        : undefined;
    const [rows, aside] = await Promise.all([
      this.messages.find({
        select: { seq: true, epoch: true, body: true },
        where: { roomId, ...(seq && { seq }) },
        order: { seq: forward ? 'ASC' : 'DESC' },
        take: range.limit,
      }),
      this.aside.page(roomId, range),
    ]);
    const nearestFirst = aside.length === 0 ? rows : merge(rows, aside, forward).slice(0, range.limit);
    return forward ? nearestFirst : nearestFirst.reverse();
  }

  /** Puts bodies in the place of those of messages, for good. @param nowMs - Noted as the time, milliseconds since 1970. */
  async overwrite(
    roomId: number,
    bodies: readonly { readonly seq: number; readonly body: string }[],
    nowMs: number,
  ): Promise<void> {
    if (bodies.length === 0) return;
    await this.sql.run(async (manager) => {
      for (const { seq, body } of bodies)
        await manager.update(MessageEntity, { roomId, seq }, { body, recalledAt: nowMs });
    });
    await this.aside.overwrite(roomId, bodies);
  }

  /** Those of the sends that are archived, in one query and in no order. */
  async findSent(
    roomId: number,
    sends: readonly { readonly senderId: number; readonly clientMsgId: string }[],
  ): Promise<SentRow[]> {
    const storable = sends.filter(({ clientMsgId }) => isStorable(clientMsgId));
    if (storable.length === 0) return [];
    const [rows, aside] = await Promise.all([
      this.messages.find({
        select: { seq: true, epoch: true, body: true, senderId: true },
        where: storable.map(({ senderId, clientMsgId }) => ({ roomId, senderId, clientMsgId })),
      }),
      this.aside.findSent(roomId, storable),
    ]);
    return [...rows, ...aside];
  }

  /** The highest archived seq of a room, set aside or not; 0 when there is none. */
  async maxSeq(roomId: number): Promise<number> {
    return Math.max((await this.messages.maximum('seq', { roomId })) ?? 0, await this.aside.maxSeq(roomId));
  }

  /** Messages of others between two seqs (exclusive), counted from the newest to `limit` at the most. */
  async countOfOthers(
    roomId: number,
    userId: number,
    { after, before, limit }: { readonly after: number; readonly before: number; readonly limit: number },
  ): Promise<number> {
    const [row]: { count: unknown }[] = await this.dataSource.query(
      `SELECT COUNT(*) AS count FROM (SELECT 1 FROM messages WHERE room_id = $1 AND seq > $2 AND seq < $3
         AND sender_id <> $4 AND kind <> ${Op.event} ORDER BY seq DESC LIMIT $5) AS others`,
      [roomId, after, before, userId, limit],
    );
    return Number(row?.count ?? 0);
  }

  private get messages() {
    return this.dataSource.getRepository(MessageEntity);
  }
}

/** One message for each number: what `messages` has comes before what was set aside. */
function merge(
  rows: readonly ArchivedMessage[],
  aside: readonly ArchivedMessage[],
  ascending: boolean,
): ArchivedMessage[] {
  const bySeq = new Map([...aside, ...rows].map((row) => [row.seq, row]));
  return [...bySeq.values()].sort((a, b) => (ascending ? a.seq - b.seq : b.seq - a.seq));
}
