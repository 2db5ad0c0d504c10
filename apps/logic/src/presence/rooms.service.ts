import { Inject, Injectable } from '@nestjs/common';
import { AppError, limits, type Conversations, type Members, type Room } from '@parley/protocol';
import { EventBus, PresenceStore, RoomStore } from '@parley/redis';
import { AccountsService } from '../accounts/accounts.service.js';
import { LOGIC_OPTIONS, type LogicOptions } from '../logic-options.js';
import { RoomAccessService } from '../messages/room-access.service.js';
import { RoomHeadsService } from '../messages/room-heads.service.js';
import { RoomsRepository } from '../rooms/rooms.repository.js';
import { LivePresenceService } from './live-presence.service.js';

/** Rooms as people see them: names, members, who is online. */
@Injectable()
export class RoomsService {
  constructor(
    @Inject(LOGIC_OPTIONS) private readonly options: LogicOptions,
    @Inject(RoomsRepository) private readonly rooms: RoomsRepository,
    @Inject(RoomAccessService) private readonly access: RoomAccessService,
    @Inject(RoomHeadsService) private readonly heads: RoomHeadsService,
    @Inject(LivePresenceService) private readonly live: LivePresenceService,
    @Inject(PresenceStore) private readonly presence: PresenceStore,
    @Inject(RoomStore) private readonly store: RoomStore,
    @Inject(EventBus) private readonly events: EventBus,
    @Inject(AccountsService) private readonly accounts: AccountsService,
  ) {}

  async list(): Promise<Room[]> {
    const rooms = await this.rooms.list();
    await this.live.clean(rooms.map(({ roomId }) => roomId));
    const counts = await this.presence.counts(rooms.map(({ roomId }) => roomId));
    return rooms.map(({ roomId, name, kind }, i) => ({ roomId, name, kind, online: counts[i] ?? 0 }));
  }

  async get(userId: number, roomId: number): Promise<Room> {
    await this.access.authorize(userId, roomId);
    const room = await this.rooms.get(roomId);
    if (!room) throw new AppError('ROOM_NOT_FOUND');
    await this.live.clean([roomId]);
    const [online] = await this.presence.counts([roomId]);
    return { roomId, name: room.name, kind: room.kind, online: online ?? 0 };
  }

  async create(userId: number, name: string): Promise<Room> {
    if (this.options.roomCreation === 'admins') {
      const [user] = await this.accounts.findByIds([userId]);
      if (user?.role !== 'admin') throw new AppError('FORBIDDEN');
    }
    const room = await this.rooms.create(name, userId);
    return { roomId: room.roomId, name: room.name, kind: room.kind, online: 0 };
  }

  /** Admits a user to a room and makes sure that the room has a position to start from. */
  async admit(userId: number, roomId: number): Promise<{ roomId: number; kind: 'room' | 'direct' }> {
    const { kind } = await this.access.authorize(userId, roomId);
    await this.heads.ensure(roomId);
    return { roomId, kind };
  }

  async members(userId: number, roomId: number): Promise<Members> {
    await this.access.authorize(userId, roomId);
    await this.live.clean([roomId]);
    return this.presence.list(roomId, limits.maxListedMembers);
  }

  async conversations(userId: number): Promise<Conversations> {
    const rooms = await this.rooms.listDirect(userId);
    const heads = await Promise.all(rooms.map(({ roomId }) => this.store.head(roomId)));
    const conversations = rooms.map(({ roomId, peer }, i) => ({ roomId, peer, head: heads[i]?.seq ?? 0 }));
    return { conversations };
  }

  async announce(userId: number, roomId: number, what: 'count' | 'info'): Promise<void> {
    await this.access.authorize(userId, roomId);
    await this.live.clean([roomId]);
    await this.events.publish('presence', { roomId, force: what });
  }
}
