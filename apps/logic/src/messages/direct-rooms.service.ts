import { Inject, Injectable } from '@nestjs/common';
import { AppError } from '@parley/protocol';
import { LRUCache } from 'lru-cache';
import { AccountsService } from '../accounts/accounts.service.js';
import { RoomsRepository } from '../rooms/rooms.repository.js';
import { RoomAccessService, type RoomFacts } from './room-access.service.js';

const MAX_CONVERSATIONS = 50_000;

/** A conversation as its sender sees it. */
export interface Conversation extends RoomFacts {
  readonly peerName: string;
}

const newCache = () => new LRUCache<string, Conversation>({ max: MAX_CONVERSATIONS });

/** Finds or makes the conversation of two users. */
@Injectable()
export class DirectRoomsService {
  private cache = newCache();

  constructor(
    @Inject(RoomsRepository) private readonly rooms: RoomsRepository,
    @Inject(AccountsService) private readonly accounts: AccountsService,
    @Inject(RoomAccessService) private readonly access: RoomAccessService,
  ) {}

  /** Whether {@link between} will not wait for SQL. */
  knows(userId: number, toUserId: number): boolean {
    return this.cache.has(keyOf(userId, toUserId));
  }

  /** Of another database nothing holds; look-ups under way are of the old one, and are not remembered. */
  forgetAll(): void {
    this.cache = newCache();
  }

  /** @throws {AppError} `USER_NOT_FOUND`; `FORBIDDEN` with a guest; `INVALID` for a message to oneself; `UNAVAILABLE` when SQL cannot be asked. */
  async between(from: { readonly userId: number }, toUserId: number): Promise<Conversation> {
    if (from.userId === toUserId) throw new AppError('INVALID', { fields: ['toUserId'] });
    const key = keyOf(from.userId, toUserId);
    const { cache } = this;
    const cached = cache.get(key);
    if (cached) return cached;
    const conversation = await this.load(from.userId, toUserId).catch((cause: unknown) => {
      throw cause instanceof AppError ? cause : new AppError('UNAVAILABLE', { cause });
    });
    cache.set(key, conversation);
    return conversation;
  }

  private async load(userId: number, toUserId: number): Promise<Conversation> {
    const [peer] = await this.accounts.findByIds([toUserId]);
    if (!peer) throw new AppError('USER_NOT_FOUND');
    // Guests are in their room and nowhere else.
    if (peer.role === 'guest') throw new AppError('FORBIDDEN');
    const room = await this.rooms.findOrCreateDirect(userId, toUserId);
    const facts = this.access.remember({ roomId: room.roomId, kind: 'direct', users: [userId, toUserId] });
    return { ...facts, peerName: peer.userName };
  }
}

const keyOf = (userId: number, toUserId: number) => `${userId}>${toUserId}`;
