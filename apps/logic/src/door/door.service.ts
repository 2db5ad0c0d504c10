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
import { RevocationList, RoomStore } from '@parley/redis';
import { TokenService } from '../accounts/token.service.js';
import { RoomRecordsService } from '../acts/room-records.service.js';
import { RoomAccessService } from '../messages/room-access.service.js';
import { RoomHeadsService } from '../messages/room-heads.service.js';
import { RoomsRepository } from '../rooms/rooms.repository.js';
import type { DoorActor } from './door-log.js';
import { GuestsRepository, type GuestToBe, type KnownGuest } from './guests.repository.js';
import { InvitesRepository, type InviteTerms } from './invites.repository.js';
import { LobbyHints } from './lobby-hints.js';
import type { DoorCaller } from './door-caller.js';
import { LobbyService, refuseNewcomers } from './lobby.service.js';
import { hashOfNetwork, hashOfToken, newInviteToken } from './secrets.js';

/** How often a guest is let in anew because the room has changed meanwhile. */
const MAX_TRIES = 3;

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
    @Inject(RoomStore) private readonly store: Pick<RoomStore, 'nowMs'>,
    @Inject(LobbyService) private readonly lobby: Pick<LobbyService, 'policy' | 'came' | 'sweep'>,
    @Inject(LobbyHints) private readonly hints: Pick<LobbyHints, 'changed'>,
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
    // Who waits by it need not wait any more.
    this.hints.changed(caller.roomId, true);
    if (endSessions) await this.endSessions(inviteId);
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
    const guestPolicy = await this.lobby.policy(roomId);
    return { roomId, roomName: room.name, role, ...(guestPolicy !== 'ALWAYS_ACCEPT' && { guestPolicy }) };
  }

  /**
   * Lets somebody in by name, without an account: he gets a session that is good for the room alone; where hosts let people in,
   * one to wait with.
   *
   * @param address - The key of where he comes from, see `addressKey`.
   * @param key - Whoever asks again with it, because no answer came, is the guest whom the first try has made, until his session ends,
   *   however the invitation stands by then: he has come. What he may do inside the room says.
   * @throws {AppError} `INVALID` for what is no name; `NAME_TAKEN`; `INVITE_NOT_FOUND`; `INVITE_OVER`; `FORBIDDEN` by an
   *   invitation for accounts; `NO_NEWCOMERS`; `LOBBY_FULL`; `BANNED` when somebody who came by it from the same network is.
   */
  async admitGuest(token: string, userName: string, address: string, key?: string): Promise<GuestSession> {
    if (key === undefined) return this.newGuest(token, userName, address);
    const [tokenHash, keyHash] = [hashOfToken(token), hashOfToken(key)];
    const known = async () => {
      const guest = await this.guests.byKey(tokenHash, keyHash);
      return guest && this.sessionOf(guest);
    };
    const session = await known();
    if (session) return session;
    try {
      return await this.newGuest(token, userName, address, keyHash);
    } catch (error) {
      // The first try was under way: it took the name, or the last use.
      const made = error instanceof AppError ? await known() : undefined;
      if (!made) throw error;
      return made;
    }
  }

  /** As by log-out: names are free, and no key brings one of them back. */
  private async endSessions(inviteId: string): Promise<void> {
    let open = await this.guests.sessionsOf(inviteId);
    while (open.length > 0) {
      // Revoked first: what fails here is found again when it is asked for once more.
      for (const { sessionId, expiresAt } of open) await this.revocations.revoke(sessionId, expiresAt);
      await this.guests.endedBy(
        inviteId,
        open.map(({ sessionId }) => sessionId),
      );
      // Who took another name meanwhile has a session that is not over.
      open = await this.guests.sessionsOf(inviteId);
    }
  }

  private async newGuest(
    token: string,
    userName: string,
    address: string,
    keyHash?: string,
  ): Promise<GuestSession> {
    const name = userNameField.safeParse(userName);
    if (!name.success) throw new AppError('INVALID', { fields: ['name'] });
    const tokenHash = hashOfToken(token);
    const { roomId, inviteId } = await this.invites.find(tokenHash);
    const addressHash = hashOfNetwork(this.jwt, address);
    await this.refuseBanned(roomId, await this.guests.from(inviteId, addressHash));
    const coming = { name: name.data, tokenHash, addressHash, keyHash };
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const session = await this.come(roomId, coming);
      if (session) return session;
    }
    throw new AppError('UNAVAILABLE', { context: { roomId } });
  }

  /** @returns Undefined when the room lets nobody in unasked any more. */
  private async come(
    roomId: number,
    coming: Pick<GuestToBe, 'name' | 'tokenHash' | 'addressHash' | 'keyHash'>,
  ): Promise<GuestSession | undefined> {
    // Before the rules are read: a panic that comes later puts him out.
    const admittedAt = await this.store.nowMs();
    const policy = await this.lobby.policy(roomId);
    refuseNewcomers(policy, roomId);
    const waits = policy === 'ASK_MODERATOR';
    const [sessionId, expiresAt] = [newId(), Date.now() + limits.guestSessionMs];
    const toBe = { ...coming, sessionId, expiresAt, admittedAt: waits ? undefined : admittedAt };
    if (waits) await this.lobby.sweep(roomId, { name: coming.name });
    const guest = await this.guests.admit(toBe).catch(async (error: unknown) => {
      if (!(error instanceof AppError && error.code === 'LOBBY_FULL')) throw error;
      await this.lobby.sweep(roomId, { isFull: true });
      return this.guests.admit(toBe);
    });
    // An act came between: what it forbids is not done behind it.
    if (!waits && (await this.lobby.policy(roomId)) !== policy) {
      await this.guests.undo(guest);
      return undefined;
    }
    if (waits) await this.lobby.came(roomId, guest.userId);
    return this.sessionOf({ ...guest, sessionId, expiresAt, isWaiting: waits });
  }

  private async sessionOf(guest: KnownGuest): Promise<GuestSession> {
    const { userId, userName, role, roomId, sessionId, expiresAt, isWaiting } = guest;
    const user = { userId, userName, role };
    const issued = await this.tokens.issue(user, {
      ...{ sessionId, maxMs: expiresAt - Date.now() },
      ...(isWaiting ? { waitsFor: roomId } : { roomId }),
    });
    return {
      ...{ token: issued.token, expiresAt: issued.expiresAt, user, roomId },
      ...(isWaiting && { waiting: true as const }),
    };
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
