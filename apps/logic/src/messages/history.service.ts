import { Inject, Injectable } from '@nestjs/common';
import { messageJson, type RawHistoryPage } from '@parley/contracts';
import { AppError } from '@parley/protocol';
import { RoomStore, type LogEntry } from '@parley/redis';
import { ArchiveRepository } from '../archive/archive.repository.js';
import { RoomAccessService } from './room-access.service.js';
import { RoomHeadsService } from './room-heads.service.js';

export interface HistoryQuery {
  readonly userId: number;
  readonly roomId: number;
  readonly after?: number | undefined;
  readonly before?: number | undefined;
  readonly limit: number;
  /** Bytes of the messages at the most; at least one message is given all the same. */
  readonly maxBytes?: number | undefined;
}

/** Reads history from Redis where it reaches, then from SQL; the reader cannot tell. */
@Injectable()
export class HistoryService {
  constructor(
    @Inject(RoomAccessService) private readonly access: RoomAccessService,
    @Inject(RoomHeadsService) private readonly heads: RoomHeadsService,
    @Inject(RoomStore) private readonly store: RoomStore,
    @Inject(ArchiveRepository) private readonly archive: ArchiveRepository,
  ) {}

  /**
   * @throws {AppError} `ROOM_NOT_FOUND`; `HISTORY_PENDING` when a part has left the log and is not in SQL yet;
   *   `UNAVAILABLE` when SQL is needed and cannot be read.
   */
  async page(query: HistoryQuery): Promise<RawHistoryPage> {
    await this.access.authorize(query.userId, query.roomId);
    const head = await this.heads.ensure(query.roomId);
    const forward = query.after !== undefined;
    // One more than asked for tells whether there are more.
    const wanted = query.limit + 1;
    const entries = forward
      ? await this.after(query.roomId, query.after ?? 0, head, wanted)
      : await this.before(query.roomId, query.before, wanted);
    const { messages, cut } = fit(entries, query, forward);
    return { roomId: query.roomId, epoch: head.epoch, head: head.seq, messages, more: cut };
  }

  private async after(
    roomId: number,
    after: number,
    head: { epoch: string; floor: number },
    count: number,
  ): Promise<LogEntry[]> {
    const fromLog = await this.store.range(roomId, after + 1, undefined, count);
    if (fromLog[0]?.seq === after + 1) return fromLog;
    const fromSql = await this.sql(roomId, { after }, count);
    if (fromSql.length >= count) return fromSql;
    // SQL has been read later than the log: read the log again from where SQL ends.
    const last = fromSql.at(-1) ?? { seq: after, epoch: undefined };
    const rest = await this.store.range(roomId, last.seq + 1, undefined, count - fromSql.length);
    const next = rest[0];
    // Numbers are missing between epochs only: what the log lacks within one is on its way to SQL.
    const expected = next?.epoch === head.epoch ? Math.max(last.seq, head.floor) + 1 : next?.seq;
    if (next && next.seq !== expected) throw new AppError('HISTORY_PENDING', { retryAfterMs: 500 });
    return [...fromSql, ...rest];
  }

  private async before(roomId: number, before: number | undefined, count: number): Promise<LogEntry[]> {
    const fromLog = await this.store.newest(roomId, before, count);
    const first = fromLog[0];
    if (fromLog.length >= count || first?.seq === 1) return fromLog;
    const below = first?.seq ?? before;
    const fromSql = await this.sql(
      roomId,
      below === undefined ? {} : { before: below },
      count - fromLog.length,
    );
    const last = fromSql.at(-1);
    if (last && first && last.epoch === first.epoch && last.seq !== first.seq - 1)
      throw new AppError('HISTORY_PENDING', { retryAfterMs: 500 });
    return [...fromSql, ...fromLog];
  }

  private async sql(
    roomId: number,
    range: { after?: number; before?: number },
    limit: number,
  ): Promise<LogEntry[]> {
    try {
      return await this.archive.page(roomId, { ...range, limit });
    } catch (cause) {
      throw new AppError('UNAVAILABLE', { cause });
    }
  }
}

/** Cuts a page to its bounds, from the end it was asked from. */
function fit(
  entries: readonly LogEntry[],
  { limit, maxBytes = Infinity }: HistoryQuery,
  forward: boolean,
): { messages: string[]; cut: boolean } {
  const nearestFirst = forward ? entries : [...entries].reverse();
  const messages: string[] = [];
  let bytes = 0;
  for (const entry of nearestFirst) {
    const text = messageJson(entry);
    bytes += Buffer.byteLength(text) + 1;
    if (messages.length >= limit || (messages.length > 0 && bytes > maxBytes))
      return { messages: ordered(messages, forward), cut: true };
    messages.push(text);
  }
  return { messages: ordered(messages, forward), cut: false };
}

const ordered = (messages: string[], forward: boolean) => (forward ? messages : messages.reverse());
