import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { markText, parseMark, type DispatchEntry, type Mark } from '@parley/contracts';
import type { FactChange, RoomFacts } from '@parley/protocol';
import { DataSource, type EntityManager } from 'typeorm';
import { SqlWriter } from '../database/sql-writer.js';
import { readAct, type RecordedAct } from './act-entry.js';

/** Marks of a room that come back to Redis with its position: what its log holds is newer than any before. */
const MARKS_IN_FORCE = 500;

const AUDIT_COLUMNS =
  'seq, act, actor_id, actor_name, actor_role, target_id, target_name, reason, event, acted_at';

/** One line of the audit log. `event`: what the room was told, as JSON. */
export interface AuditLine {
  readonly seq: number;
  readonly act: string;
  readonly actor: { readonly userId: number; readonly userName: string; readonly role: string };
  readonly target: { readonly userId: number; readonly userName: string } | undefined;
  readonly reason: string | undefined;
  readonly event: unknown;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/**
 * What acts have made hold, in SQL: facts, marks, and who did what. Put down from the entries themselves, in any order and as
 * often as they come, so that it ends up the same: the last act on a fact counts.
 */
@Injectable()
export class RecordRepository {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(SqlWriter) private readonly writer: SqlWriter,
  ) {}

  /** Puts acts on record, in a transaction of its own. */
  async keep(entries: readonly DispatchEntry[]): Promise<void> {
    await this.writer.run((manager) => keepActs(manager, entries));
  }

  /** Says what holds in a room that has just been made, before any act: its maker owns it. */
  async found(manager: EntityManager, roomId: number, ownerId: number): Promise<void> {
    const changes: FactChange[] = [
      [`r${ownerId}`, 'owner'],
      ['owners', JSON.stringify([ownerId])],
    ];
    for (const change of changes) await keepFact(manager, roomId, 0, change);
  }

  /** What holds in a room, with `v`: the seq of the last act. Restrictions that are over are left out. */
  async facts(roomId: number, nowMs: number): Promise<RoomFacts> {
    const rows: { name: string; value: string | null; seq: unknown }[] = await this.dataSource.query(
      'SELECT name, value, seq FROM room_facts WHERE room_id = $1',
      [roomId],
    );
    const facts = new Map<string, string>();
    for (const { name, value } of rows) {
      const isOver = /^[mb]\d+$/.test(name) && Number(value) <= nowMs;
      if (value !== null && !isOver) facts.set(name, value);
    }
    if (rows.length > 0) facts.set('v', String(Math.max(...rows.map(({ seq }) => Number(seq)))));
    return facts;
  }

  /** Marks about messages between two numbers, both included, ascending. */
  async marks(roomId: number, low: number, high: number): Promise<Mark[]> {
    const rows: { seq: unknown; mark: string }[] = await this.dataSource.query(
      'SELECT seq, mark FROM room_marks WHERE room_id = $1 AND high >= $2 AND low <= $3 ORDER BY seq',
      [roomId, low, high],
    );
    return marksOf(rows);
  }

  /** The newest marks of a room, ascending. */
  async newestMarks(roomId: number): Promise<Mark[]> {
    const rows: { seq: unknown; mark: string }[] = await this.dataSource.query(
      `SELECT seq, mark FROM room_marks WHERE room_id = $1 ORDER BY seq DESC LIMIT ${MARKS_IN_FORCE}`,
      [roomId],
    );
    return marksOf(rows.reverse());
  }

  /** Marks that have hidden messages since before a moment, and whose texts have not been overwritten. */
  async dueMarks(
    beforeMs: number,
    limit: number,
  ): Promise<{ roomId: number; seq: number; low: number; high: number }[]> {
    const rows: Record<'room_id' | 'seq' | 'low' | 'high', unknown>[] = await this.dataSource.query(
      `SELECT room_id, seq, low, high FROM room_marks WHERE hidden_at IS NOT NULL AND hidden_at <= $1
       ORDER BY hidden_at LIMIT ${limit}`,
      [beforeMs],
    );
    return rows.map(({ room_id, seq, low, high }) => ({
      roomId: Number(room_id),
      seq: Number(seq),
      low: Number(low),
      high: Number(high),
    }));
  }

  /** The texts that a mark has hidden are overwritten. */
  async settleMark(roomId: number, seq: number): Promise<void> {
    await this.writer.run((manager) =>
      manager.query('UPDATE room_marks SET hidden_at = NULL WHERE room_id = $1 AND seq = $2', [roomId, seq]),
    );
  }

  /** The audit log of a room, the newest first: those before a seq, and with a user only what was done to him. */
  async audit(
    roomId: number,
    {
      before,
      userId,
      limit,
    }: { readonly before?: number | undefined; readonly userId?: number | undefined; readonly limit: number },
  ): Promise<AuditLine[]> {
    const values: unknown[] = [roomId, before ?? Number.MAX_SAFE_INTEGER];
    if (userId !== undefined) values.push(userId);
    const rows: Record<string, unknown>[] = await this.dataSource.query(
      `SELECT ${AUDIT_COLUMNS} FROM audit
       WHERE room_id = $1 AND seq < $2 ${userId === undefined ? '' : 'AND target_id = $3'}
       ORDER BY seq DESC LIMIT ${limit}`,
      values,
    );
    return rows.map(auditLineOf);
  }

  /** The newest lines about each of these users, of each act. */
  async latestOn(roomId: number, userIds: readonly number[]): Promise<AuditLine[]> {
    if (userIds.length === 0) return [];
    const rows: Record<string, unknown>[] = await this.dataSource.query(
      `SELECT ${AUDIT_COLUMNS} FROM audit WHERE room_id = $1 AND seq IN (
         SELECT MAX(seq) FROM audit WHERE room_id = $1 AND target_id IN (${userIds.map(Number).join(', ')})
         GROUP BY target_id, act)`,
      [roomId],
    );
    return rows.map(auditLineOf);
  }
}

/** Puts acts on record inside the transaction of `manager`; other entries are passed over. */
export async function keepActs(manager: EntityManager, entries: readonly DispatchEntry[]): Promise<void> {
  for (const entry of entries) {
    const act = entry.act === undefined ? undefined : readAct(entry);
    if (!act) continue;
    for (const change of [...act.changes, ['v', String(act.seq)] as const])
      await keepFact(manager, act.roomId, act.seq, change);
    if (act.mark) await keepMark(manager, act.roomId, act.mark);
    await keepLine(manager, act);
  }
}

async function keepFact(
  manager: EntityManager,
  roomId: number,
  seq: number,
  [name, value]: FactChange,
): Promise<void> {
  await manager.query(
    `INSERT INTO room_facts (room_id, name, value, seq) VALUES ($1, $2, $3, $4)
     ON CONFLICT (room_id, name) DO UPDATE SET value = excluded.value, seq = excluded.seq
     WHERE room_facts.seq < excluded.seq`,
    [roomId, name, value, seq],
  );
}

async function keepMark(manager: EntityManager, roomId: number, mark: Mark): Promise<void> {
  const { seq, range, hidden, at } = mark;
  await manager.query(
    `INSERT INTO room_marks (room_id, seq, low, high, hidden_at, mark) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT DO NOTHING`,
    [roomId, seq, range.from, Math.min(range.to ?? seq - 1, seq - 1), hidden ? at : null, markText(mark)],
  );
}

async function keepLine(
  manager: EntityManager,
  { roomId, seq, record, event, at }: RecordedAct,
): Promise<void> {
  const { act, by, target, reason } = record;
  await manager.query(
    `INSERT INTO audit (room_id, seq, act, actor_id, actor_name, actor_role, target_id, target_name, reason, event, acted_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING`,
    [
      roomId,
      seq,
      act,
      by.userId,
      by.userName,
      by.role,
      target?.userId ?? null,
      target?.userName ?? null,
      reason ?? null,
      JSON.stringify(event),
      at,
    ],
  );
}

const marksOf = (rows: readonly { seq: unknown; mark: string }[]): Mark[] =>
  rows.flatMap(({ seq, mark }) => parseMark(Number(seq), mark) ?? []);

function auditLineOf(row: Record<string, unknown>): AuditLine {
  const text = (value: unknown) => (value === null ? undefined : String(value));
  return {
    seq: Number(row['seq']),
    act: String(row['act']),
    actor: {
      userId: Number(row['actor_id']),
      userName: String(row['actor_name']),
      role: String(row['actor_role']),
    },
    target:
      row['target_id'] === null
        ? undefined
        : { userId: Number(row['target_id']), userName: String(row['target_name']) },
    reason: text(row['reason']),
    event: JSON.parse(String(row['event'])),
    at: Number(row['acted_at']),
  };
}
