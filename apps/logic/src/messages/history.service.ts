import { Inject, Injectable } from '@nestjs/common';
import type { RawHistoryPage } from '@parley/contracts';
import { AppError } from '@parley/protocol';
import { RoomStore, type LogEntry, type RoomHead } from '@parley/redis';
import { ArchiveReader } from '../archive/archive-reader.js';
import type { ArchivedMessage } from '../archive/archive.repository.js';
import { HistoryGate } from './history-gate.js';
import { PageBudget } from './page-budget.js';
import { RoomAccessService } from './room-access.service.js';
import { RoomHeadsService } from './room-heads.service.js';

/**
 * Bytes of the messages in one page at the most: over HTTP a page of long texts is shorter than was asked for. Far below
 * what Redis lets wait for a subscriber (8 MB for a minute) before it cuts the connection.
 */
const MAX_PAGE_BYTES = 524_288;

export interface HistoryQuery {
  readonly userId: number;
  readonly roomId: number;
  readonly after?: number | undefined;
  readonly before?: number | undefined;
  readonly limit: number;
  /** Bytes of the messages at the most, never above {@link MAX_PAGE_BYTES}; at least one message is given all the same. */
  readonly maxBytes?: number | undefined;
}

/** Reads history from Redis where it reaches, then from SQL; the reader cannot tell. */
@Injectable()
export class HistoryService {
  private readonly gate = new HistoryGate();

  constructor(
    @Inject(RoomAccessService) private readonly access: RoomAccessService,
    @Inject(RoomHeadsService) private readonly heads: RoomHeadsService,
    @Inject(RoomStore) private readonly store: RoomStore,
    @Inject(ArchiveReader) private readonly archive: Pick<ArchiveReader, 'page'>,
  ) {}

  /**
   * @throws {AppError} `ROOM_NOT_FOUND`; `HISTORY_PENDING` when a part has left the log and is not in SQL yet;
   *   `UNAVAILABLE` when SQL is needed and cannot be read; `RATE_LIMITED` and `OVERLOADED` for too many pages.
   */
  page(query: HistoryQuery): Promise<RawHistoryPage> {
    return this.gate.run(query.userId, async () => {
      const { roomId, after, before, limit, maxBytes = MAX_PAGE_BYTES } = query;
      await this.access.authorize(query.userId, roomId);
      // Redis is asked for both at once: where it answers slowly, a page in time is a matter of how often it is waited for.
      const [standing] = await Promise.all([
        this.store.head(roomId),
        this.access.authorizeReader(query.userId, roomId),
      ]);
      const head = standing ?? (await this.headFor(query.userId, roomId));
      const page = new PageBudget(limit, Math.min(maxBytes, MAX_PAGE_BYTES));
      if (after !== undefined) await this.fillForward(page, roomId, after, head);
      else await this.fillBackward(page, roomId, before, head);
      const messages = after !== undefined ? [...page.messages] : page.messages.toReversed();
      return { roomId, epoch: head.epoch, head: head.seq, messages, more: page.cut };
    });
  }

  /** The head of a room that Redis has let go, or lost. Who is banned there is known once it is back. */
  private async headFor(userId: number, roomId: number): Promise<RoomHead> {
    const head = await this.heads.ensure(roomId);
    await this.access.authorizeReader(userId, roomId);
    return head;
  }

  private async fillForward(page: PageBudget, roomId: number, after: number, head: RoomHead): Promise<void> {
    let last: { readonly seq: number; readonly epoch?: string } = { seq: after };
    /** What the log had behind a hole, and whether that was all. */
    let ahead: LogEntry[] = [];
    let isAll = false;
    // The log, while it has the very next message.
    for (;;) {
      const count = page.nextRead;
      const entries = await this.store.range(roomId, last.seq + 1, undefined, count);
      if (entries.length === 0 && last.seq >= head.seq) return;
      if (entries[0]?.seq !== last.seq + 1) {
        ahead = entries;
        isAll = entries.length < count;
        break;
      }
      for (const entry of entries) {
        const hole = { roomId, above: last.seq, below: entry.seq };
        if (entry.seq !== last.seq + 1 && !(await this.takeLost(page, hole, 'after'))) return;
        if (!page.take([entry])) return;
        last = entry;
      }
      if (entries.length < count) {
        if (last.epoch === head.epoch) return;
        break;
      }
    }
    for (;;) {
      const count = page.nextRead;
      const entries = await this.sql(roomId, { after: last.seq }, count);
      if (!page.take(entries)) return;
      last = entries.at(-1) ?? last;
      if (entries.length < count) break;
    }
    // Numbers are missing between epochs only: what the log lacks within one is on its way to SQL. Unless it was there: a
    // database that was restored from a backup has lost it, and it will not come.
    const expectedAt = (next: LogEntry | undefined): number | undefined =>
      next?.epoch === head.epoch ? Math.max(last.seq, head.floor) + 1 : next?.seq;
    // SQL has been read later than the log: the log from where SQL ends. What it had goes on from there, or it is read again.
    ahead = ahead.filter(({ seq }) => seq > last.seq);
    if (ahead[0]?.epoch === head.epoch && ahead[0].seq === expectedAt(ahead[0])) {
      if (!page.take(ahead) || isAll) return;
      last = ahead.at(-1) ?? last;
    }
    for (;;) {
      const count = page.nextRead;
      const entries = await this.store.range(roomId, last.seq + 1, undefined, count);
      const [next] = entries;
      const expected = expectedAt(next);
      if (next && next.seq !== expected && !(await this.isLost(roomId, last.seq, next.seq)))
        throw new AppError('HISTORY_PENDING', { retryAfterMs: 500 });
      if (!page.take(entries) || entries.length < count) return;
      last = entries.at(-1) ?? last;
    }
  }

  private async fillBackward(
    page: PageBudget,
    roomId: number,
    before: number | undefined,
    head: RoomHead,
  ): Promise<void> {
    let first: ArchivedMessage | undefined;
    for (;;) {
      const count = page.nextRead;
      const entries = await this.store.newest(roomId, first?.seq ?? before, count);
      for (const entry of entries.toReversed()) {
        // Above the newest one of an ended epoch there may be some that only SQL has.
        const below = first?.seq ?? before ?? (entry.epoch === head.epoch ? entry.seq : head.floor) + 1;
        const hole = { roomId, above: entry.seq, below };
        if (entry.seq < below - 1 && !(await this.takeLost(page, hole, 'before'))) return;
        if (!page.take([entry])) return;
        first = entry;
      }
      if (first?.seq === 1) return;
      if (entries.length < count) break;
    }
    const firstOfLog = first;
    for (;;) {
      const count = page.nextRead;
      const below = first?.seq ?? before;
      const entries = await this.sql(roomId, below === undefined ? {} : { before: below }, count);
      const last = entries.at(-1);
      const isNext = !last || last.epoch !== firstOfLog?.epoch || last.seq === firstOfLog.seq - 1;
      const hole = first === firstOfLog && !isNext && last && firstOfLog;
      if (hole && !(await this.isLost(roomId, last.seq, firstOfLog.seq)))
        throw new AppError('HISTORY_PENDING', { retryAfterMs: 500 });
      if (!page.take(entries.toReversed()) || entries.length < count) return;
      first = entries[0] ?? first;
      if (first?.seq === 1) return;
    }
  }

  /**
   * Takes what only SQL has between two neighbours in the log: their epochs differ, because Redis had lost it, after it was archived.
   *
   * @param hole - Its neighbours' numbers.
   * @returns Whether the page is open for more.
   */
  private async takeLost(
    page: PageBudget,
    { roomId, above, below }: { readonly roomId: number; readonly above: number; readonly below: number },
    direction: 'after' | 'before',
  ): Promise<boolean> {
    const forward = direction === 'after';
    let edge = forward ? above : below;
    for (;;) {
      const count = page.nextRead;
      const rows = await this.sql(roomId, forward ? { after: edge } : { before: edge }, count);
      const inside = rows.filter(({ seq }) => seq > above && seq < below);
      if (!page.take(forward ? inside : inside.toReversed())) return false;
      const next = forward ? inside.at(-1) : inside[0];
      if (!next || inside.length < count) return true;
      edge = next.seq;
    }
  }

  /** Whether nothing will come between these two: SQL had it, and was restored from a backup without it. */
  private async isLost(roomId: number, after: number, before: number): Promise<boolean> {
    if ((await this.store.watermarks(roomId)).archived < before - 1) return false;
    // It may have come since SQL was read.
    const [row] = await this.sql(roomId, { after }, 1);
    return row === undefined || row.seq >= before;
  }

  private async sql(
    roomId: number,
    range: { after?: number; before?: number },
    limit: number,
  ): Promise<ArchivedMessage[]> {
    try {
      return await this.archive.page(roomId, { ...range, limit });
    } catch (cause) {
      throw new AppError('UNAVAILABLE', { cause });
    }
  }
}
