import { Inject, Injectable } from '@nestjs/common';
import { messageJson } from '@parley/contracts';
import { AppError, entrySchema, type Entry } from '@parley/protocol';
import { RoomStore, type LogEntry } from '@parley/redis';
import { ArchiveRepository, type ArchivedMessage } from '../archive/archive.repository.js';

/** Entries of a room log read at a time, going back in time. */
const CHUNK = 200;
/** Steps of a search by time in SQL: enough for 2^40 messages. */
const MAX_STEPS = 40;

/** Finds messages that acts are about, whether or not they are hidden. */
@Injectable()
export class MessageFinder {
  constructor(
    @Inject(RoomStore) private readonly store: RoomStore,
    @Inject(ArchiveRepository) private readonly archive: ArchiveRepository,
  ) {}

  /** A message with a text, as it was sent. @throws {AppError} `MESSAGE_NOT_FOUND`. */
  async find(roomId: number, seq: number): Promise<Entry & { readonly msg: string }> {
    const [inLog] = await this.store.originals(roomId, seq, seq, 1);
    const found = inLog ?? (await this.archived(roomId, seq));
    const entry = found && parse(found);
    if (entry?.msg === undefined || entry.deleted) throw new AppError('MESSAGE_NOT_FOUND');
    return entry as Entry & { readonly msg: string };
  }

  /** The first seq of a room that was sent at a moment or later; one above `head` when there is none. */
  async firstSince(roomId: number, sinceMs: number, head: number): Promise<number> {
    let first = head + 1;
    for (;;) {
      const from = Math.max(1, first - CHUNK);
      const entries = await this.store.originals(roomId, from, first - 1, CHUNK);
      const older = entries.findLastIndex((entry) => sentAtOf(entry) < sinceMs);
      if (older >= 0) return entries[older + 1]?.seq ?? first;
      if (entries.length === 0) break;
      first = entries[0]?.seq ?? first;
      if (first === 1) return 1;
    }
    return this.firstArchivedSince(roomId, sinceMs, first);
  }

  /** Halves the numbers below `above`, since times grow with them, as near as clocks agree. */
  private async firstArchivedSince(roomId: number, sinceMs: number, above: number): Promise<number> {
    let [low, high] = [1, above];
    for (let step = 0; low < high && step < MAX_STEPS; step++) {
      const middle = Math.floor((low + high) / 2);
      const [row] = await this.archive.originals(roomId, { after: middle - 1, limit: 1 });
      if (!row || row.seq >= high || sentAtOf(row) >= sinceMs) high = middle;
      else low = row.seq + 1;
    }
    return low;
  }

  private async archived(roomId: number, seq: number): Promise<ArchivedMessage | undefined> {
    const [row] = await this.archive.originals(roomId, { after: seq - 1, limit: 1 });
    return row?.seq === seq ? row : undefined;
  }
}

function parse({ seq, epoch, body }: LogEntry | ArchivedMessage): Entry | undefined {
  if (body === undefined) return undefined;
  try {
    return entrySchema.parse(JSON.parse(messageJson({ seq, epoch, body })));
  } catch {
    return undefined;
  }
}

/** 0 for what nobody can read: it counts as old. */
const sentAtOf = (entry: LogEntry | ArchivedMessage): number => parse(entry)?.sentAt ?? 0;
