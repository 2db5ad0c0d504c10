import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DispatchEntry } from '@parley/contracts';
import { createHash } from 'node:crypto';
import { DataSource } from 'typeorm';
import { SqlWriter } from '../database/sql-writer.js';
import { readEntry } from './message-rows.js';

/**
 * Why a message is not in `messages`: SQL refused its row; no client could read it; or another message has its number.
 */
export type AsideReason = 'refused' | 'unreadable' | 'conflict';

/** A message under its number, set aside. `body`: as it is to be read; absent when nobody can read it. */
export interface AsideMessage {
  readonly seq: number;
  readonly epoch: string;
  readonly body: string | undefined;
}

interface AsideInput {
  readonly entry: DispatchEntry;
  readonly reason: AsideReason;
  /** The driver's code; '' when SQL was not asked. */
  readonly sqlCode: string;
}

interface AsideRow {
  readonly seq: unknown;
  readonly reason: AsideReason;
  readonly entry: string;
}

/** What counts for a reader: the only message under its number. */
const READABLE = `reason <> 'conflict'`;

/** Accepted messages that `messages` does not take: kept, and readable, so that nothing behind them has to wait. */
@Injectable()
export class AsideRepository {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(SqlWriter) private readonly writer: SqlWriter,
  ) {}

  /** Keeps a message; again is harmless. @returns Whether it is new here. */
  async keep({ entry, reason, sqlCode }: AsideInput, nowMs: number): Promise<boolean> {
    const { roomId, seq } = entry;
    const text = asciiJson(entry);
    const digest = createHash('sha256').update(text).digest('base64url');
    const { row } = readEntry(entry);
    const values = [roomId, seq, digest, reason, sqlCode, row?.senderId ?? null, row?.clientMsgId ?? null];
    return this.writer.run(async (manager) => {
      const runner = manager.queryRunner;
      if (!runner) throw new Error('not in a transaction');
      const { affected } = await runner.query(
        `INSERT INTO messages_aside
           (room_id, seq, digest, reason, sql_code, sender_id, client_msg_id, set_aside_at, entry)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`,
        [...values, nowMs, text],
        true,
      );
      return affected === 1;
    });
  }

  /** Messages whose seq is above `after` or below `before`, nearest to there first; see `ArchiveRepository.originals`. */
  async page(
    roomId: number,
    range: { after?: number; before?: number; limit: number },
  ): Promise<AsideMessage[]> {
    const forward = range.after !== undefined;
    const rows: AsideRow[] = await this.dataSource.query(
      `SELECT seq, reason, entry FROM messages_aside
       WHERE room_id = $1 AND ${READABLE} AND seq ${forward ? '>' : '<'} $2
       ORDER BY seq ${forward ? 'ASC' : 'DESC'} LIMIT ${range.limit}`,
      [roomId, range.after ?? range.before ?? Number.MAX_SAFE_INTEGER],
    );
    return rows.map(messageOf);
  }

  /** Those of the sends that are here and can be read; see `ArchiveRepository.findSent`. */
  async findSent(
    roomId: number,
    sends: readonly { readonly senderId: number; readonly clientMsgId: string }[],
  ): Promise<(AsideMessage & { readonly body: string; readonly senderId: number })[]> {
    const places = sends.map((_, i) => `$${i + 2}`).join(', ');
    const rows: (AsideRow & { readonly sender: unknown; readonly sent: string })[] =
      await this.dataSource.query(
        `SELECT seq, reason, entry, sender_id AS sender, client_msg_id AS sent FROM messages_aside
         WHERE room_id = $1 AND client_msg_id IN (${places}) AND reason = 'refused'`,
        [roomId, ...sends.map(({ clientMsgId }) => clientMsgId)],
      );
    return rows
      .filter(({ sender, sent }) =>
        sends.some(({ senderId, clientMsgId }) => senderId === Number(sender) && clientMsgId === sent),
      )
      .map((row) => ({ ...messageOf(row), body: entryOf(row).body, senderId: Number(row.sender) }));
  }

  /** See `ArchiveRepository.overwrite`. */
  async overwrite(
    roomId: number,
    bodies: readonly { readonly seq: number; readonly body: string }[],
  ): Promise<void> {
    const rows: AsideRow[] = await this.dataSource.query(
      `SELECT seq, reason, entry FROM messages_aside WHERE room_id = $1 AND seq IN (${bodies.map(({ seq }) => Number(seq)).join(', ')})`,
      [roomId],
    );
    if (rows.length === 0) return;
    const bySeq = new Map(bodies.map(({ seq, body }) => [seq, body]));
    await this.writer.run(async (manager) => {
      for (const row of rows) {
        const entry = asciiJson({ ...entryOf(row), body: bySeq.get(Number(row.seq)) ?? '' });
        await manager.query('UPDATE messages_aside SET entry = $1 WHERE room_id = $2 AND seq = $3', [
          entry,
          roomId,
          row.seq,
        ]);
      }
    });
  }

  /** The highest seq of a room here; 0 when there is none. */
  async maxSeq(roomId: number): Promise<number> {
    const [row]: { seq: unknown }[] = await this.dataSource.query(
      'SELECT MAX(seq) AS seq FROM messages_aside WHERE room_id = $1',
      [roomId],
    );
    return Number(row?.seq ?? 0);
  }
}

function messageOf(row: AsideRow): AsideMessage {
  const { epoch, body } = entryOf(row);
  return { seq: Number(row.seq), epoch, body: row.reason === 'refused' ? body : undefined };
}

const entryOf = ({ entry }: AsideRow) => JSON.parse(entry) as DispatchEntry;

/** JSON that every database can hold, whatever its encoding and whatever is in the texts. */
function asciiJson(entry: DispatchEntry): string {
  return JSON.stringify(entry).replace(
    /[^\x20-\x7e]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
