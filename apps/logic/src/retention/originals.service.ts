import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { markOf, messageJson, tombstoneBody, type Mark } from '@parley/contracts';
import { RoomStore } from '@parley/redis';
import { ArchiveRepository, type ArchivedMessage } from '../archive/archive.repository.js';
import { LOGIC_OPTIONS, type LogicOptions } from '../logic-options.js';
import { MarksService } from '../record/marks.service.js';
import { RecordRepository } from '../record/record.repository.js';

/** Between two turns at the most, milliseconds. */
const MAX_INTERVAL_MS = 3_600_000;
const MIN_INTERVAL_MS = 1_000;
/** Acts looked at in one turn, and messages overwritten in one statement. */
const MARKS_PER_TURN = 100;
const CHUNK = 500;

/**
 * Texts of deleted messages are kept for a while, so that a host can show them again; then they are overwritten, in SQL and in the
 * room's log. Each instance does this; several at one room are harmless.
 */
@Injectable()
export class OriginalsService implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private turn: Promise<number> | undefined;

  constructor(
    @Inject(LOGIC_OPTIONS) private readonly options: Pick<LogicOptions, 'originalsKeptMs'>,
    @Inject(RecordRepository)
    private readonly record: Pick<RecordRepository, 'dueMarks' | 'settleMark'>,
    @Inject(MarksService) private readonly marks: Pick<MarksService, 'between'>,
    @Inject(ArchiveRepository) private readonly archive: Pick<ArchiveRepository, 'originals' | 'overwrite'>,
    @Inject(RoomStore) private readonly store: Pick<RoomStore, 'dropFromLog' | 'watermarks'>,
  ) {}

  onApplicationBootstrap(): void {
    const everyMs = Math.min(MAX_INTERVAL_MS, Math.max(MIN_INTERVAL_MS, this.options.originalsKeptMs / 4));
    // Redis or SQL may be away: the next turn tries again.
    this.timer = setInterval(() => void this.takeTurn(Date.now()).catch(() => undefined), everyMs);
    this.timer.unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.turn?.catch(() => undefined);
  }

  /** Overwrites what is due. One turn at a time. @returns How many messages. */
  takeTurn(nowMs: number): Promise<number> {
    return (this.turn ??= this.overwriteDue(nowMs).finally(() => (this.turn = undefined)));
  }

  private async overwriteDue(nowMs: number): Promise<number> {
    let overwritten = 0;
    for (const due of await this.record.dueMarks(nowMs - this.options.originalsKeptMs, MARKS_PER_TURN)) {
      const { roomId, low, high } = due;
      // What SQL has not got yet would come there with its text.
      const { seq, archived } = await this.store.watermarks(roomId);
      if (seq > 0 && archived < high) continue;
      overwritten += await this.overwrite(roomId, low, high, nowMs);
      await this.store.dropFromLog(roomId, high);
      // Last: after a crash all of it is done again.
      await this.record.settleMark(roomId, due.seq);
    }
    return overwritten;
  }

  private async overwrite(roomId: number, low: number, high: number, nowMs: number): Promise<number> {
    const marks = await this.marks.between(roomId, low, high);
    let count = 0;
    for (let after = low - 1; after < high;) {
      const rows = await this.archive.originals(roomId, { after, limit: CHUNK });
      const gone = rows.flatMap((row) => (row.seq <= high ? (tombstoneOf(row, marks) ?? []) : []));
      await this.archive.overwrite(roomId, gone, nowMs);
      count += gone.length;
      if (rows.length < CHUNK) break;
      after = rows.at(-1)?.seq ?? high;
    }
    return count;
  }
}

/** What is left of a message that is hidden; undefined for one that is not, or has no text any more. */
function tombstoneOf(
  { seq, epoch, body }: ArchivedMessage,
  marks: readonly Mark[],
): { seq: number; body: string } | undefined {
  if (body === undefined) return undefined;
  let message: Record<string, unknown>;
  try {
    message = JSON.parse(messageJson({ seq, epoch, body })) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  if (typeof message['msg'] !== 'string') return undefined;
  const mark = markOf({ seq, senderId: Number(message['fromUserId']) }, marks);
  return mark?.hidden ? { seq, body: tombstoneBody(message, mark) } : undefined;
}
