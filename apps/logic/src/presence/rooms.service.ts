import { Inject, Injectable } from '@nestjs/common';
import type { PresenceEvent, RoomChangedEvent } from '@parley/contracts';
import { AppError, limits, type Members, type Presence, type Room } from '@parley/protocol';
import { EventBus, PresenceStore } from '@parley/redis';
import { TokenBuckets } from '@parley/service-host/rates';
import { AccountsService } from '../accounts/accounts.service.js';
import { LOGIC_OPTIONS, type LogicOptions } from '../logic-options.js';
import { RoomAccessService, type RoomFacts } from '../messages/room-access.service.js';
import { RoomHeadsService } from '../messages/room-heads.service.js';
import { RoomUseService } from '../rooms/room-use.service.js';
import { RoomsRepository, type RoomCreation } from '../rooms/rooms.repository.js';
import { LivePresenceService } from './live-presence.service.js';
import { RoomListsService } from './room-lists.service.js';

/** Rooms as people see them: names, members, who is online. */
@Injectable()
export class RoomsService {
  private readonly creations: TokenBuckets<number>;

  constructor(
    @Inject(LOGIC_OPTIONS) private readonly options: LogicOptions,
    @Inject(RoomsRepository) private readonly rooms: RoomsRepository,
    @Inject(RoomAccessService) private readonly access: RoomAccessService,
    @Inject(RoomHeadsService) private readonly heads: RoomHeadsService,
    @Inject(LivePresenceService) private readonly live: LivePresenceService,
    @Inject(PresenceStore) private readonly presence: PresenceStore,
    @Inject(EventBus) private readonly events: EventBus,
    @Inject(AccountsService) private readonly accounts: AccountsService,
    @Inject(RoomListsService) private readonly lists: RoomListsService,
    @Inject(RoomUseService) private readonly use: RoomUseService,
  ) {
    this.creations = new TokenBuckets({
      burst: options.roomsPerMinute,
      perSecond: options.roomsPerMinute / 60,
    });
  }

  async get(userId: number, roomId: number): Promise<Room> {
    await this.access.authorize(userId, roomId);
    const room = await this.rooms.get(roomId);
    if (!room) throw new AppError('ROOM_NOT_FOUND');
    await this.live.clean([roomId]);
    const [online] = await this.presence.counts([roomId]);
    return {
      ...{ roomId, name: room.name, kind: room.kind, online: online ?? 0 },
      ...(room.isPrivate && { private: true }),
    };
  }

  /** @throws {AppError} `FORBIDDEN`; `ROOM_LIMIT`; `RATE_LIMITED`. */
  async create(
    userId: number,
    name: string,
    { isPrivate = false, key }: Pick<RoomCreation, 'isPrivate' | 'key'> = {},
  ): Promise<Room> {
    const waitMs = this.creations.take(userId, 1, performance.now());
    if (waitMs > 0) throw new AppError('RATE_LIMITED', { retryAfterMs: waitMs });
    const [user] = await this.accounts.findByIds([userId]);
    const isAdmin = user?.role === 'admin';
    if (this.options.roomCreation === 'admins' && !isAdmin) throw new AppError('FORBIDDEN');
    const room = await this.rooms.create(name, userId, {
      most: isAdmin ? Infinity : this.options.roomsPerUser,
      ...{ isPrivate, key },
    });
    if (room.wasThere) return this.get(userId, room.roomId);
    const made = { roomId: room.roomId, name: room.name, kind: room.kind, online: 0 };
    if (isPrivate) return { ...made, private: true };
    this.lists.renew();
    // Whoever is online sees it soon; without the hint, when he reads the list again.
    await this.events
      .publish('room', { roomId: room.roomId, created: true } satisfies RoomChangedEvent)
      .catch(() => undefined);
    return made;
  }

  /** Admits a user to a room and makes sure that the room has a position to start from. */
  async admit(userId: number, roomId: number): Promise<{ roomId: number; kind: 'room' | 'direct' }> {
    const { kind } = await this.access.authorize(userId, roomId);
    await this.heads.ensure(roomId);
    await this.access.authorizeReader(userId, roomId);
    // A conversation is in use by what is said in it: its place in a list is not that of who looked at it last.
    if (kind === 'room') this.use.touch([roomId]);
    return { roomId, kind };
  }

  /**
   * Whether users may be in rooms, in the order asked: the kinds of the rooms. Null is no, or would wait for SQL: {@link admit}
   * has the answer then. Whether the rooms have a position is not looked at.
   */
  async admitMany(
    asks: readonly { readonly userId: number; readonly roomId: number }[],
  ): Promise<(RoomFacts['kind'] | null)[]> {
    const kindAtHand = async ({ userId, roomId }: (typeof asks)[number]) =>
      this.access.knows(roomId, userId) ? (await this.access.authorize(userId, roomId)).kind : null;
    const found = await Promise.all(asks.map((ask) => kindAtHand(ask).catch(() => null)));
    const barred = await this.access.barred(asks);
    const kinds = found.map((kind, i) => (barred[i] ? null : kind));
    this.use.touch(asks.flatMap(({ roomId }, i) => (kinds[i] === 'room' ? [roomId] : [])));
    return kinds;
  }

  /** Who is in a room; of a conversation, which of its two have a connection, whatever they have open. */
  async members(userId: number, roomId: number): Promise<Members> {
    const { users } = await this.access.authorizeReader(userId, roomId);
    if (users) return this.connected(users);
    await this.live.clean([roomId]);
    return this.presence.list(roomId, limits.maxListedMembers);
  }

  /** Whether a user has a connection, as whoever talks to him is told. @throws {AppError} `USER_NOT_FOUND`. */
  async presenceOf(userId: number): Promise<Presence> {
    const [account] = await this.accounts.findByIds([userId]);
    if (!account || account.role === 'guest') throw new AppError('USER_NOT_FOUND');
    const online = (await this.live.connected([userId])).includes(userId);
    return { userId, userName: account.userName, online };
  }

  private async connected(userIds: readonly number[]): Promise<Members> {
    const online = new Set(await this.live.connected(userIds));
    const accounts = await this.accounts.findByIds(userIds);
    const members = accounts
      .filter(({ userId }) => online.has(userId))
      .map(({ userId, userName }) => ({ userId, userName }));
    return { count: members.length, members };
  }

  /** @throws {AppError} `NOT_JOINED` when the user is in the room on no connection. */
  async announce(userId: number, roomId: number, what: 'count' | 'info'): Promise<void> {
    const { kind } = await this.access.authorizeReader(userId, roomId);
    // A conversation has no list of who is in it: it is its two users'.
    if (kind === 'room' && !(await this.presence.isMember(roomId, userId)))
      throw new AppError('NOT_JOINED', { context: { roomId } });
    await this.live.clean([roomId]);
    await this.events.publish('presence', { roomId, force: what, userId } satisfies PresenceEvent);
  }
}
