import { Inject, Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { newId } from '@parley/contracts';
import {
  AppError,
  limits,
  roleOf,
  userNameField,
  type DoorLog,
  type GuestSession,
  type Invitation,
  type Invite,
  type MadeInvite,
} from '@parley/protocol';
import { RevocationList } from '@parley/redis';
import { TokenService } from '../accounts/token.service.js';
import { RoomRecordsService } from '../acts/room-records.service.js';
import { RoomAccessService } from '../messages/room-access.service.js';
import { RoomHeadsService } from '../messages/room-heads.service.js';
import { RoomsRepository } from '../rooms/rooms.repository.js';
import type { DoorActor } from './door-log.js';
import { GuestsRepository } from './guests.repository.js';
import { InvitesRepository, type InviteTerms } from './invites.repository.js';
import { hashOfNetwork, hashOfToken, newInviteToken } from './secrets.js';

/** Who asks, and of which room. */
export interface DoorCaller {
  readonly userId: number;
  readonly userName: string;
  readonly roomId: number;
}

/** Who comes into a room, and by what. */
@Injectable()
export class DoorService {
  constructor(
    @Inject(InvitesRepository) private readonly invites: InvitesRepository,
    @Inject(GuestsRepository) private readonly guests: GuestsRepository,
    @Inject(RoomRecordsService) private readonly records: Pick<RoomRecordsService, 'forHost'>,
    @Inject(RoomAccessService) private readonly access: Pick<RoomAccessService, 'bans'>,
    @Inject(RoomHeadsService) private readonly heads: Pick<RoomHeadsService, 'ensure'>,
    @Inject(RoomsRepository) private readonly rooms: Pick<RoomsRepository, 'get'>,
    @Inject(TokenService) private readonly tokens: TokenService,
    @Inject(JwtService) private readonly jwt: JwtService,
    @Inject(RevocationList) private readonly revocations: Pick<RevocationList, 'revoke'>,
  ) {}

  /** @throws {AppError} `FORBIDDEN` for who is no host, and for more than members no owner; `TOO_MANY_INVITES`. */
  async invite(caller: DoorCaller, terms: InviteTerms): Promise<MadeInvite> {
    const actor = await this.host(caller);
    if (terms.role === 'speaker' && actor.role !== 'owner') throw new AppError('FORBIDDEN');
    if (terms.expiresAt !== undefined && terms.expiresAt <= Date.now())
      throw new AppError('INVALID', { fields: ['expiresAt'] });
    const token = newInviteToken();
    const invite = await this.invites.create(caller.roomId, actor, hashOfToken(token), terms);
    return { ...invite, token, path: `/join/${token}` };
  }

  /** Those that can be used, the newest first. @throws {AppError} `FORBIDDEN` for who is no host. */
  async list(userId: number, roomId: number): Promise<Invite[]> {
    await this.records.forHost(userId, roomId);
    return this.invites.open(roomId);
  }

  /**
   * Takes an invitation back. Whoever came by it stays, unless `endSessions`: then its guests are logged out.
   *
   * @throws {AppError} `FORBIDDEN` for who is no host; `INVITE_NOT_FOUND`.
   */
  async withdraw(caller: DoorCaller, inviteId: string, endSessions: boolean): Promise<void> {
    const actor = await this.host(caller);
    await this.invites.withdraw(caller.roomId, actor, inviteId, { endSessions });
    if (!endSessions) return;
    for (const { sessionId, expiresAt } of await this.guests.sessionsOf(inviteId))
      await this.revocations.revoke(sessionId, expiresAt);
  }

  /** What was done at the door. @throws {AppError} `FORBIDDEN` for who is no host. */
  async log(
    userId: number,
    roomId: number,
    page: { readonly before?: string | undefined; readonly limit: number },
  ): Promise<DoorLog> {
    await this.records.forHost(userId, roomId);
    return this.invites.log(roomId, page);
  }

  /** What an invitation opens, for who has it. @throws {AppError} `INVITE_NOT_FOUND`; `INVITE_OVER`. */
  async read(token: string): Promise<Invitation> {
    const { roomId, role } = await this.invites.find(hashOfToken(token));
    const room = await this.rooms.get(roomId);
    if (!room) throw new AppError('INVITE_NOT_FOUND');
    return { roomId, roomName: room.name, role };
  }

  /**
   * Lets somebody in by name, without an account: he gets a session that is good for the room alone.
   *
   * @param address - The key of where he comes from, see `addressKey`.
   * @throws {AppError} `INVALID` for what is no name; `NAME_TAKEN`; `INVITE_NOT_FOUND`; `INVITE_OVER`; `FORBIDDEN` by an
   *   invitation for accounts; `BANNED` when somebody who came by it from the same network is.
   */
  async admitGuest(token: string, userName: string, address: string): Promise<GuestSession> {
    const name = userNameField.safeParse(userName);
    if (!name.success) throw new AppError('INVALID', { fields: ['name'] });
    const tokenHash = hashOfToken(token);
    const { roomId, inviteId } = await this.invites.find(tokenHash);
    const addressHash = hashOfNetwork(this.jwt, address);
    await this.refuseBanned(roomId, await this.guests.from(inviteId, addressHash));
    const sessionId = newId();
    const expiresAt = Date.now() + limits.guestSessionMs;
    const guest = { name: name.data, tokenHash, addressHash, sessionId, expiresAt };
    const { userId, role } = await this.guests.admit(guest);
    const user = { userId, userName: name.data, role };
    const issued = await this.tokens.issue(user, { sessionId, roomId, maxMs: limits.guestSessionMs });
    return { token: issued.token, expiresAt: issued.expiresAt, user, roomId };
  }

  private async refuseBanned(roomId: number, userIds: readonly number[]): Promise<void> {
    if (userIds.length === 0) return;
    // It brings the bans to Redis, if the room had left it.
    await this.heads.ensure(roomId);
    const bans = await this.access.bans(userIds.map((userId) => ({ userId, roomId })));
    const until = Math.max(...bans);
    if (until > 0) throw new AppError('BANNED', { until, context: { roomId } });
  }

  private async host({ userId, userName, roomId }: DoorCaller): Promise<DoorActor> {
    const facts = await this.records.forHost(userId, roomId);
    return { userId, userName, role: roleOf(facts, userId) };
  }
}
