import { Inject, Injectable } from '@nestjs/common';
import type { ReadEvent, ReadReport, ReadResult } from '@parley/contracts';
import { AppError, limits, type ReadState, type Unread } from '@parley/protocol';
import { EventBus, RoomStore } from '@parley/redis';
import { TokenBuckets } from '@parley/service-host/rates';
import { RoomAccessService } from '../messages/room-access.service.js';
import { RoomHeadsService } from '../messages/room-heads.service.js';
import type { UsePosition } from '../rooms/rooms.repository.js';
import { CursorWriter } from './cursor-writer.js';
import { ReadCursorsRepository, type FollowedRoom } from './read-cursors.repository.js';
import { RoomTails, type RoomEnd } from './room-tails.service.js';

/** Lists of what is unread that one user may ask for, at once and a second: each looks into many rooms. Judgement. */
const LIST_RATE = { burst: 20, perSecond: 2 };
/** Rooms whose newest messages are read at a time, for one list. */
const AT_A_TIME = 8;

/** Positions told in one hint. */
const READS_PER_HINT = 200;

/** How far users have read, and what they have not. The same on all of a user's devices: SQL is the only record. */
@Injectable()
export class ReadingService {
  private readonly lists = new TokenBuckets<number>(LIST_RATE);
  private readonly writer: CursorWriter;

  constructor(
    @Inject(ReadCursorsRepository) private readonly cursors: ReadCursorsRepository,
    @Inject(RoomTails) private readonly tails: Pick<RoomTails, 'unread'>,
    @Inject(RoomAccessService) private readonly access: Pick<RoomAccessService, 'authorize'>,
    @Inject(RoomHeadsService) private readonly heads: Pick<RoomHeadsService, 'ensure'>,
    @Inject(RoomStore) private readonly store: Pick<RoomStore, 'head'>,
    @Inject(EventBus) private readonly events: Pick<EventBus, 'publish'>,
  ) {
    this.writer = new CursorWriter((batch) => cursors.raise(batch));
  }

  /**
   * Moves read positions forward. Each report has its own result: where the user stands now, which may be further, or
   * `ROOM_NOT_FOUND`, `INVALID` for a seq that the room has not come to, `UNAVAILABLE`, `OVERLOADED`.
   */
  async markMany(reports: readonly ReadReport[]): Promise<ReadResult[]> {
    const ends = new Map<number, Promise<RoomEnd>>();
    const endOf = (roomId: number) => {
      const end = ends.get(roomId) ?? this.heads.ensure(roomId);
      ends.set(roomId, end);
      return end;
    };
    const told: ReadEvent['reads'] = [];
    const results = await Promise.all(
      reports.map(async (report): Promise<ReadResult> => {
        try {
          const state = await this.mark(report, endOf);
          told.push({ ...state, userId: report.userId, ...(report.by !== undefined && { by: report.by }) });
          return { ok: true, state };
        } catch (cause) {
          const { code, fields } = unavailable(cause);
          return { ok: false, code, ...(fields && { fields: [...fields] }) };
        }
      }),
    );
    this.tell(told);
    return results;
  }

  /** Everything in the rooms that the user follows, and in his conversations, is read. @throws {AppError} */
  async markAll(userId: number): Promise<void> {
    this.countList(userId);
    for (let after: UsePosition | undefined; ;) {
      const rooms = await this.cursors.followed(userId, limits.maxListedUnread, after);
      const ended = await this.withEnds(rooms);
      const behind = ended.filter(({ seq, end }) => seq < end.seq);
      const seqs = await this.cursors.raise(
        behind.map(({ roomId, end }) => ({ userId, roomId, seq: end.seq })),
      );
      this.tell(
        behind.map(({ roomId, end }, i) => {
          const seq = seqs[i] ?? end.seq;
          return { userId, roomId, seq, head: Math.max(seq, end.seq), unread: 0 };
        }),
      );
      after = rooms.at(-1);
      if (rooms.length < limits.maxListedUnread) return;
    }
  }

  /** @throws {AppError} `ROOM_NOT_FOUND`; `FORBIDDEN` for a conversation, which one cannot leave. */
  async forget(userId: number, roomId: number): Promise<void> {
    const { kind } = await this.access.authorize(userId, roomId);
    if (kind === 'direct') throw new AppError('FORBIDDEN', { context: { roomId } });
    await this.cursors.forget(userId, roomId);
    this.tell([{ userId, roomId, seq: 0, head: 0, unread: 0, forgotten: true }]);
  }

  /** What is unread in the rooms that the user follows and in his conversations. @throws {AppError} `RATE_LIMITED` */
  async list(userId: number): Promise<Unread> {
    this.countList(userId);
    const ended = await this.withEnds(await this.cursors.followed(userId, limits.maxListedUnread));
    const rooms: Unread['rooms'] = [];
    for (let i = 0; i < ended.length; i += AT_A_TIME)
      rooms.push(
        ...(await Promise.all(
          ended.slice(i, i + AT_A_TIME).map(async ({ roomId, kind, seq, end }) => {
            const unread = await this.tails.unread(roomId, userId, seq, end);
            return { roomId, kind, seq, head: Math.max(seq, end.seq), unread };
          }),
        )),
      );
    return { rooms };
  }

  private async mark(
    { userId, roomId, seq }: ReadReport,
    endOf: (roomId: number) => Promise<RoomEnd>,
  ): Promise<ReadState> {
    await this.access.authorize(userId, roomId);
    const end = await endOf(roomId);
    if (seq > end.seq) throw new AppError('INVALID', { fields: ['seq'] });
    const inForce = await this.writer.raise({ userId, roomId, seq });
    const unread = await this.tails.unread(roomId, userId, inForce, end);
    return { roomId, seq: inForce, head: Math.max(inForce, end.seq), unread };
  }

  /** Where each room ends. One that has left Redis is not brought back for it. */
  private async withEnds(rooms: readonly FollowedRoom[]): Promise<(FollowedRoom & { end: RoomEnd })[]> {
    const heads = await Promise.all(rooms.map(({ roomId }) => this.store.head(roomId)));
    return rooms.map((room, i) => {
      const head = heads[i];
      return { ...room, end: head ?? { seq: room.archived, epoch: '' } };
    });
  }

  private countList(userId: number): void {
    const retryAfterMs = this.lists.take(userId, 1, performance.now());
    if (retryAfterMs > 0) throw new AppError('RATE_LIMITED', { retryAfterMs });
  }

  /** The user's other connections. A hint: whoever misses it reads the list when it connects again. */
  private tell(reads: ReadEvent['reads']): void {
    for (let i = 0; i < reads.length; i += READS_PER_HINT)
      void this.events
        .publish('read', { reads: reads.slice(i, i + READS_PER_HINT) } satisfies ReadEvent)
        .catch(() => undefined);
  }
}

function unavailable(cause: unknown): AppError {
  return cause instanceof AppError ? cause : new AppError('UNAVAILABLE', { cause });
}
