import { Inject, Injectable } from '@nestjs/common';
import { nameKey } from '@parley/contracts/name-key';
import { limits, type Conversations, type Rooms } from '@parley/protocol';
import { DirectoryStore, PresenceStore, RoomStore } from '@parley/redis';
import { LRUCache } from 'lru-cache';
import { NamesRepository } from '../directory/names.repository.js';
import { RoomsRepository, type DirectRow, type UsePosition } from '../rooms/rooms.repository.js';
import { LivePresenceService } from './live-presence.service.js';

/** A page is made once in so long, for everybody who asks this instance, milliseconds. */
const FRESH_MS = 1_000;
const MAX_PAGES = 1_000;
/** Looked up at each use: the cache by itself keeps the clock that was there when it was loaded, and no test can pass time. */
const clock = { now: () => performance.now() };

/** Lists of rooms and conversations by use, in pages. What a page costs does not depend on how many ask for it. */
@Injectable()
export class RoomListsService {
  private readonly roomPages = pages<Rooms>();
  private readonly conversationPages = pages<Conversations>();

  constructor(
    @Inject(RoomsRepository) private readonly repository: RoomsRepository,
    @Inject(LivePresenceService) private readonly live: LivePresenceService,
    @Inject(PresenceStore) private readonly presence: PresenceStore,
    @Inject(RoomStore) private readonly store: RoomStore,
    @Inject(NamesRepository) private readonly names: Pick<NamesRepository, 'findRooms'>,
    @Inject(DirectoryStore) private readonly directory: Pick<DirectoryStore, 'version'>,
  ) {}

  /**
   * The most recently used rooms, or those after a page's `next`. A new room counts as used when it was made.
   *
   * @param query - Only those whose name has it.
   * @throws {AppError} `INVALID` for a query that shows nothing.
   */
  rooms(limit: number, cursor?: string, query?: string): Promise<Rooms> {
    return this.roomPages(`${limit} ${cursor ?? ''} ${query ?? ''}`, async () => {
      // Before anything is read: what changes meanwhile has a later one.
      const version = await this.directory.version();
      await this.live.sweep();
      const after = positionOf(cursor);
      const found = await (query === undefined
        ? this.repository.list(limit + 1, after)
        : this.names.findRooms(query, limit + 1, after));
      const { rows, next } = pageOf(found, limit);
      const counts = await this.presence.counts(rows.map(({ roomId }) => roomId));
      const rooms = rows.map(({ roomId, name }, i) => ({
        roomId,
        name,
        kind: 'room' as const,
        online: counts[i] ?? 0,
      }));
      return { rooms, version, ...next };
    });
  }

  /**
   * {@link rooms} as one user sees them: before the first page are the private rooms in which he has a place.
   *
   * @throws {AppError} `INVALID` for a query that shows nothing.
   */
  async roomsFor(userId: number, limit: number, cursor?: string, query?: string): Promise<Rooms> {
    if (cursor !== undefined) return this.rooms(limit, cursor, query);
    const [page, own] = await Promise.all([
      this.rooms(limit, cursor, query),
      this.privateRooms(userId, query),
    ]);
    return own.length === 0 ? page : { ...page, rooms: [...own, ...page.rooms] };
  }

  private async privateRooms(userId: number, query: string | undefined): Promise<Rooms['rooms']> {
    const key = nameKey(query ?? '');
    const found = (await this.repository.listPrivate(userId, limits.maxListedRooms)).filter(
      (room) => query === undefined || room.nameKey.includes(key),
    );
    const counts = await this.presence.counts(found.map(({ roomId }) => roomId));
    return found.map(({ roomId, name }, i) => ({
      ...{ roomId, name, kind: 'room' as const, online: counts[i] ?? 0, private: true as const },
    }));
  }

  /** The user's most recently used conversations, or those after a page's `next`. */
  conversations(userId: number, limit: number, cursor?: string): Promise<Conversations> {
    return this.conversationPages(`${userId} ${limit} ${cursor ?? ''}`, async () => {
      const found = await this.repository.listDirect(userId, limit + 1, positionOf(cursor));
      const { rows, next } = pageOf(found, limit);
      return { conversations: await this.withHeads(rows), ...next };
    });
  }

  /** The conversation with one other user, however long ago it was used last; none when they have never talked. */
  async conversationWith(userId: number, peerId: number): Promise<Conversations> {
    const found = await this.repository.findDirect(userId, peerId);
    return { conversations: await this.withHeads(found ? [found] : []) };
  }

  private async withHeads(rows: readonly DirectRow[]): Promise<Conversations['conversations']> {
    const heads = await Promise.all(rows.map(({ roomId }) => this.store.head(roomId)));
    return rows.map(({ roomId, peer, archived }, i) => ({
      roomId,
      peer,
      // Redis does not hold the position of a conversation that has long been quiet.
      head: Math.max(heads[i]?.seq ?? 0, archived),
    }));
  }

  /** Forgets the pages made so far: a room was made here, and whoever made it looks for it. */
  renew(): void {
    this.roomPages.clear();
  }
}

/** Pages by what was asked for: one is made at a time, and given to all who ask within {@link FRESH_MS}. */
function pages<T extends object>() {
  const cache = new LRUCache<string, Promise<T>>({ max: MAX_PAGES, ttl: FRESH_MS, perf: clock });
  const get = (key: string, make: () => Promise<T>): Promise<T> => {
    let page = cache.get(key);
    if (!page) {
      cache.set(key, (page = make()));
      // A failure is not kept: whoever asks next tries again.
      const failed = page;
      page.catch(() => cache.peek(key) === failed && cache.delete(key));
    }
    return page;
  };
  return Object.assign(get, { clear: () => cache.clear() });
}

/** One row more than asked for tells whether there is a next page. */
function pageOf<R extends UsePosition>(found: readonly R[], limit: number) {
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  return { rows, next: found.length > limit && last ? { next: `${last.usedAt}-${last.roomId}` } : {} };
}

function positionOf(cursor: string | undefined): UsePosition | undefined {
  if (cursor === undefined) return undefined;
  const [usedAt, roomId] = cursor.split('-').map(Number) as [number, number];
  return { usedAt, roomId };
}
