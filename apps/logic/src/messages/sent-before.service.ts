import { Inject, Injectable } from '@nestjs/common';
import { messageJson } from '@parley/contracts';
import { AppError, entrySchema, Op, type Entry } from '@parley/protocol';
import { RoomStore, type LogEntry } from '@parley/redis';
import { ArchiveRepository } from '../archive/archive.repository.js';

/** Messages of a room that SQL has not got yet and that are looked through for an id; with more, the sender comes back. */
export const MAX_UNARCHIVED = 1_000;
const CHUNK = 100;
/** The archive stores thousands a second, milliseconds. */
const RETRY_AFTER_MS = 2_000;

/** One send, as its sender names it. */
export interface SentKey {
  readonly senderId: number;
  readonly clientMsgId: string;
}

/** A message as it was accepted the first time. `msg`: undefined for an act, and where the text is gone. */
export type SentMessage = Readonly<Pick<Entry, 'id' | 'sentAt' | 'seq' | 'epoch'>> & {
  readonly msg: string | undefined;
  readonly isAct: boolean;
};

/** Finds sends that were accepted before and that Redis no longer knows by their id. */
@Injectable()
export class SentBeforeService {
  constructor(
    @Inject(RoomStore) private readonly store: RoomStore,
    @Inject(ArchiveRepository) private readonly archive: ArchiveRepository,
  ) {}

  /**
   * Looks for sends of one room: in its log, as far as that is not archived, then in SQL. In this order: what moves
   * meanwhile moves from the log to SQL.
   *
   * @returns What each was accepted as; undefined for those that never were.
   * @throws {AppError} `UNAVAILABLE` when SQL cannot be read, or too far behind to say.
   */
  async find(roomId: number, keys: readonly SentKey[]): Promise<(SentMessage | undefined)[]> {
    const wanted = new Set(keys.map(nameOf));
    const found = new Map<string, SentMessage>();
    const take = (entry: LogEntry & { readonly senderId?: number }) => {
      const message = parse(entry);
      if (!message) return;
      const senderId = entry.senderId ?? entry.actorId ?? message.fromUserId;
      const name = nameOf({ senderId, clientMsgId: message.clientMsgId });
      if (wanted.has(name) && !found.has(name)) found.set(name, sentMessageOf(message));
    };
    try {
      for await (const entry of this.unarchived(roomId))
        if (keys.some(({ clientMsgId }) => entry.body.includes(JSON.stringify(clientMsgId)))) take(entry);
      const left = keys.filter((key) => !found.has(nameOf(key)));
      if (left.length > 0) for (const row of await this.archive.findSent(roomId, left)) take(row);
    } catch (cause) {
      throw cause instanceof AppError ? cause : new AppError('UNAVAILABLE', { cause });
    }
    return keys.map((key) => found.get(nameOf(key)));
  }

  private async *unarchived(roomId: number): AsyncGenerator<LogEntry> {
    let { archived: last } = await this.store.watermarks(roomId);
    for (let read = 0; ;) {
      const entries = await this.store.originals(roomId, last + 1, undefined, CHUNK);
      yield* entries;
      read += entries.length;
      last = entries.at(-1)?.seq ?? last;
      if (entries.length < CHUNK) return;
      if (read >= MAX_UNARCHIVED) throw new AppError('UNAVAILABLE', { retryAfterMs: RETRY_AFTER_MS });
    }
  }
}

const nameOf = ({ senderId, clientMsgId }: SentKey) => `${senderId}:${clientMsgId}`;

function sentMessageOf(entry: Entry): SentMessage {
  const { id, sentAt, seq, epoch } = entry;
  const isAct = entry.op === Op.event;
  const isText = !isAct && entry.deleted === undefined;
  return { id, sentAt, seq, epoch, isAct, msg: isText ? entry.msg : undefined };
}

function parse(entry: LogEntry): Entry | undefined {
  try {
    return entrySchema.parse(JSON.parse(messageJson(entry)));
  } catch {
    // What we cannot read, nobody sends again.
    return undefined;
  }
}
