import { Inject, Injectable } from '@nestjs/common';
import { isEventBody, messageJson } from '@parley/contracts';
import { AppError, limits } from '@parley/protocol';
import { DatabaseLife, RoomStore, type LogEntry } from '@parley/redis';
import { LRUCache } from 'lru-cache';
import { ArchiveReader } from '../archive/archive-reader.js';
import { ArchiveRepository, type ArchivedMessage } from '../archive/archive.repository.js';

/** Messages of a room that are known by their authors. Enough to count to the bound over as many own ones. */
const TAIL_LENGTH = 2 * limits.maxUnread;
/** Rooms remembered: some 30 MB when all of them are full. */
const MAX_ROOMS = 5_000;

/** Where a room ends. An empty epoch: it is not in Redis, and `seq` is the last one that SQL has. */
export interface RoomEnd {
  readonly seq: number;
  readonly epoch: string;
}

interface Author {
  readonly seq: number;
  readonly senderId: number;
}

/** The newest messages of a room, ascending, up to `end`. */
interface Tail {
  readonly end: RoomEnd;
  readonly authors: readonly Author[];
  /** There are none before. */
  readonly isWhole: boolean;
}

/**
 * Counts what is unread. Numbers alone do not tell: some are of own messages, some of none, where Redis began a new epoch.
 * So the authors of a room's newest messages are kept, read once for everybody who asks.
 */
@Injectable()
export class RoomTails {
  private readonly tails = new LRUCache<number, Tail>({ max: MAX_ROOMS });
  private readonly reading = new Map<number, Promise<Tail>>();

  constructor(
    @Inject(RoomStore) private readonly store: RoomStore,
    @Inject(ArchiveReader) private readonly archived: Pick<ArchiveReader, 'page'>,
    @Inject(ArchiveRepository) private readonly archive: Pick<ArchiveRepository, 'countOfOthers'>,
    @Inject(DatabaseLife) database: Pick<DatabaseLife, 'onChanged'>,
  ) {
    // Of another database nothing holds.
    database.onChanged(() => {
      this.tails.clear();
      this.reading.clear();
    });
  }

  /**
   * How many messages of others a user has not read, at most `limits.maxUnread`.
   *
   * @param after - Everything up to here is read.
   * @param end - Counts up to here, whatever has come since.
   * @throws {AppError} `UNAVAILABLE` when SQL is needed and cannot be read.
   */
  async unread(roomId: number, userId: number, after: number, end: RoomEnd): Promise<number> {
    if (after >= end.seq) return 0;
    const { authors, isWhole } = await this.of(roomId, end);
    let count = 0;
    for (let i = authors.length - 1; i >= 0 && count < limits.maxUnread; i--) {
      const { seq, senderId } = authors[i] as Author;
      if (seq <= after) return count;
      // What came since is told by itself: counted here, it would count twice.
      if (senderId !== userId && seq <= end.seq) count++;
    }
    const first = authors[0]?.seq;
    if (isWhole || count >= limits.maxUnread || first === undefined) return count;
    // Who wrote nearly all of these himself: what is before them is for SQL to count.
    const range = { after, before: first, limit: limits.maxUnread - count };
    return count + (await unlessSqlIsAway(this.archive.countOfOthers(roomId, userId, range)));
  }

  private async of(roomId: number, end: RoomEnd): Promise<Tail> {
    let tail = this.tails.get(roomId);
    while (!tail || tail.end.epoch !== end.epoch || tail.end.seq < end.seq) {
      // One reader a room. One that began before may not have all: then it is read on.
      tail = await (this.reading.get(roomId) ?? this.read(roomId, end, tail));
    }
    return tail;
  }

  private read(roomId: number, end: RoomEnd, known: Tail | undefined): Promise<Tail> {
    const reading = this.readNow(roomId, end, known).finally(() => {
      if (this.reading.get(roomId) === reading) this.reading.delete(roomId);
    });
    this.reading.set(roomId, reading);
    return reading;
  }

  private async readNow(roomId: number, end: RoomEnd, known: Tail | undefined): Promise<Tail> {
    const tail = (await this.continued(roomId, end, known)) ?? (await this.fromStart(roomId, end));
    this.tails.set(roomId, tail);
    return tail;
  }

  /** What has come since; undefined when that is more than a tail, or of another epoch. */
  private async continued(roomId: number, end: RoomEnd, known: Tail | undefined): Promise<Tail | undefined> {
    if (!known || end.epoch === '' || known.end.epoch !== end.epoch) return undefined;
    const entries = await this.store.range(roomId, known.end.seq + 1, undefined, TAIL_LENGTH);
    const isNext = entries[0]?.seq === known.end.seq + 1 && entries.every(({ epoch }) => epoch === end.epoch);
    if (!isNext || entries.length === TAIL_LENGTH) return undefined;
    const authors = [...known.authors, ...authorsOf(entries)];
    return {
      end: { seq: Math.max(end.seq, entries.at(-1)?.seq ?? 0), epoch: end.epoch },
      authors: authors.slice(-TAIL_LENGTH),
      isWhole: known.isWhole && authors.length <= TAIL_LENGTH,
    };
  }

  private async fromStart(roomId: number, end: RoomEnd): Promise<Tail> {
    const log = await this.store.newest(roomId, undefined, TAIL_LENGTH);
    const last = log.at(-1)?.seq ?? 0;
    // What came meanwhile is in it. An end that is a hole of numbers is further than any message.
    const position = { seq: Math.max(end.seq, last), epoch: end.epoch };
    if (log.length === TAIL_LENGTH && log[0]?.epoch === end.epoch)
      return { end: position, authors: authorsOf(log), isWhole: false };
    // Of ended epochs SQL may have what the log has not.
    const archived = await unlessSqlIsAway(this.archived.page(roomId, { limit: TAIL_LENGTH }));
    const bySeq = new Map<number, LogEntry | ArchivedMessage>([...archived, ...log].map((m) => [m.seq, m]));
    const merged = [...bySeq.values()].sort((a, b) => a.seq - b.seq);
    return {
      end: position,
      authors: authorsOf(merged.slice(-TAIL_LENGTH)),
      isWhole: merged.length < TAIL_LENGTH,
    };
  }
}

/** Who wrote what; numbers under which nobody can read anything are left out. */
function authorsOf(messages: readonly (LogEntry | ArchivedMessage)[]): Author[] {
  return messages.flatMap(({ seq, epoch, body }) => {
    // Acts are nobody's message.
    if (body === undefined || isEventBody(body)) return [];
    try {
      const message: unknown = JSON.parse(messageJson({ seq, epoch, body }));
      const { fromUserId, deleted } = message as { fromUserId?: unknown; deleted?: unknown };
      return deleted === undefined ? [{ seq, senderId: Number(fromUserId ?? 0) }] : [];
    } catch {
      return [];
    }
  });
}

function unlessSqlIsAway<T>(answer: Promise<T>): Promise<T> {
  return answer.catch((cause: unknown) => {
    throw new AppError('UNAVAILABLE', { cause });
  });
}
