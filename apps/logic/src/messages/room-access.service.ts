import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { roomChangedEventSchema } from '@parley/contracts';
import { AppError, factNames, guestsOutSince } from '@parley/protocol';
import { EventBus, RoomStore } from '@parley/redis';
import { LRUCache } from 'lru-cache';
import { RoomsRepository } from '../rooms/rooms.repository.js';
import { KnownGuests } from './known-guests.js';
import { PrivateMembers } from './private-members.js';

/** What sending and joining need to know of a room. */
export interface RoomFacts {
  readonly roomId: number;
  readonly kind: 'room' | 'direct';
  /** For a conversation: its two users. */
  readonly users: readonly number[] | undefined;
  /** Only for members. */
  readonly isPrivate?: true;
}

const MAX_ROOMS = 50_000;
/**
 * A cached fact older than this is used once more, and read again meanwhile. Changes are announced, so this is for the
 * announcement that was lost; when SQL cannot be read the old fact stays.
 */
const FRESH_MS = 30_000;

interface Cached {
  readonly facts: RoomFacts;
  /** By the monotonic clock, milliseconds. */
  readonly readAt: number;
}

/** Who may be in which room, from a cache: the publish path does not wait for SQL, and goes on while SQL is away. */
@Injectable()
export class RoomAccessService implements OnModuleInit {
  private readonly cache = new LRUCache<number, Cached>({ max: MAX_ROOMS });
  /** Counts what was forgotten: a read that began before may be of what was, and is not remembered. */
  private forgotten = 0;
  private readonly members: PrivateMembers;
  private readonly guests: KnownGuests;

  constructor(
    @Inject(RoomsRepository) private readonly rooms: RoomsRepository,
    @Inject(EventBus) private readonly events: EventBus,
    @Inject(RoomStore) private readonly store: Pick<RoomStore, 'someFacts' | 'nowMs'>,
  ) {
    this.members = new PrivateMembers(rooms);
    this.guests = new KnownGuests(rooms);
  }

  async onModuleInit(): Promise<void> {
    await this.events.subscribe(
      'room',
      roomChangedEventSchema,
      ({ roomId }) => this.forget(roomId),
      () => this.forgetAll(),
    );
  }

  /** Whether {@link authorize} will not wait for SQL. */
  knows(roomId: number, userId?: number): boolean {
    const cached = this.cache.get(roomId);
    if (!cached?.facts.isPrivate) return cached !== undefined;
    return userId !== undefined && this.members.knows(roomId, userId);
  }

  /** What is known of a room has changed here. */
  forget(roomId: number): void {
    this.forgotten++;
    this.cache.delete(roomId);
    this.members.forgetAll();
  }

  /** Of another database nothing holds, nor after changes that were perhaps not heard of. */
  forgetAll(): void {
    this.forgotten++;
    this.cache.clear();
    this.members.forgetAll();
  }

  /** @throws {AppError} `ROOM_NOT_FOUND`, also for a conversation of others and a private room: nobody learns that it exists. */
  async authorize(userId: number, roomId: number): Promise<RoomFacts> {
    const facts = await this.find(roomId);
    const isOut = facts.users
      ? !facts.users.includes(userId)
      : facts.isPrivate === true && !(await this.isMember(roomId, userId));
    if (isOut) throw new AppError('ROOM_NOT_FOUND', { context: { roomId } });
    return facts;
  }

  /**
   * {@link authorize} for who is to be in the room, or to read of it: a ban counts, and that guests were put out. Of a room that is not in Redis none is known:
   * `RoomHeadsService.ensure` brings it there.
   *
   * @throws {AppError} `ROOM_NOT_FOUND`; `BANNED` with its end; `WAITING`; `UNAVAILABLE` when Redis cannot be asked.
   */
  async authorizeReader(userId: number, roomId: number): Promise<RoomFacts> {
    const facts = await this.authorize(userId, roomId);
    const [bar] = await this.barred([{ userId, roomId }]);
    if (bar) throw bar;
    return facts;
  }

  /** Why users may not be in rooms although they may know of them, in the order asked: `BANNED`, `WAITING`, or undefined. */
  async barred(
    asks: readonly { readonly userId: number; readonly roomId: number }[],
  ): Promise<(AppError | undefined)[]> {
    try {
      const { banned, prior, role } = factNames;
      const found = await this.store.someFacts(
        asks.map(({ userId, roomId }) => ({ roomId, names: [banned(userId), prior, role(userId)] })),
      );
      const nowMs = found.some(([until]) => until !== undefined) ? await this.store.nowMs() : 0;
      return await Promise.all(
        asks.map(async ({ userId, roomId }, i) => {
          const [ban, panic, given] = found[i] ?? [];
          const until = Number(ban ?? 0);
          if (until > nowMs) return new AppError('BANNED', { until, context: { roomId } });
          // Guests are given no role.
          const isOut = panic !== undefined && given === undefined && (await this.isPutOut(userId, panic));
          return isOut ? new AppError('WAITING', { context: { roomId } }) : undefined;
        }),
      );
    } catch (cause) {
      throw new AppError('UNAVAILABLE', { cause });
    }
  }

  /** Whether somebody is a guest whom this panic has put out. */
  private async isPutOut(userId: number, panic: string): Promise<boolean> {
    const since = guestsOutSince(new Map([[factNames.prior, panic]]));
    return since > 0 && (await this.guests.cameBefore(userId, since));
  }

  /** Until when users are banned from rooms, milliseconds since 1970, in the order asked; 0 for those who are not. */
  async bans(asks: readonly { readonly userId: number; readonly roomId: number }[]): Promise<number[]> {
    try {
      const found = await this.store.someFacts(
        asks.map(({ userId, roomId }) => ({ roomId, names: [factNames.banned(userId)] })),
      );
      if (found.every(([until]) => until === undefined)) return asks.map(() => 0);
      const nowMs = await this.store.nowMs();
      return found.map(([until]) => (Number(until ?? 0) > nowMs ? Number(until) : 0));
    } catch (cause) {
      throw new AppError('UNAVAILABLE', { cause });
    }
  }

  /** Remembers a room that has just been made or found. */
  remember(facts: RoomFacts): RoomFacts {
    this.cache.set(facts.roomId, { facts, readAt: performance.now() });
    return facts;
  }

  private async isMember(roomId: number, userId: number): Promise<boolean> {
    try {
      return await this.members.has(roomId, userId);
    } catch (cause) {
      throw new AppError('UNAVAILABLE', { cause });
    }
  }

  /** A room, whoever may be in it. @throws {AppError} `ROOM_NOT_FOUND`. */
  async find(roomId: number): Promise<RoomFacts> {
    const cached = this.cache.get(roomId);
    if (!cached) return this.read(roomId);
    if (performance.now() - cached.readAt >= FRESH_MS) {
      // One reader a period: whoever comes next finds it fresh.
      this.cache.set(roomId, { facts: cached.facts, readAt: performance.now() });
      void this.read(roomId).catch((error: unknown) => {
        if (error instanceof AppError && error.code === 'ROOM_NOT_FOUND') this.cache.delete(roomId);
      });
    }
    return cached.facts;
  }

  private async read(roomId: number): Promise<RoomFacts> {
    const { forgotten } = this;
    let room: Awaited<ReturnType<RoomsRepository['get']>>;
    try {
      room = await this.rooms.get(roomId);
    } catch (error) {
      throw new AppError('UNAVAILABLE', { cause: error });
    }
    if (!room) throw new AppError('ROOM_NOT_FOUND', { context: { roomId } });
    const users = room.directKey?.split(':').map(Number);
    const facts: RoomFacts = {
      ...{ roomId, kind: room.kind, users },
      ...(room.isPrivate && { isPrivate: true as const }),
    };
    if (forgotten === this.forgotten) this.remember(facts);
    return facts;
  }
}
