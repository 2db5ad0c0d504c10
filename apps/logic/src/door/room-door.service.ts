import { Inject, Injectable } from '@nestjs/common';
import type { RoomChangedEvent } from '@parley/contracts';
import { JwtService } from '@nestjs/jwt';
import {
  AppError,
  limits,
  opaqueString,
  roleOf,
  type DoorSettings,
  type JoinedByDoor,
} from '@parley/protocol';
import { EventBus, PresenceStore, RoomStore } from '@parley/redis';
import { PasswordHasher } from '../accounts/password-hasher.js';
import { ActsService } from '../acts/acts.service.js';
import { RoomRecordsService } from '../acts/room-records.service.js';
import { RoomAccessService } from '../messages/room-access.service.js';
import { RoomHeadsService } from '../messages/room-heads.service.js';
import { RoomsRepository } from '../rooms/rooms.repository.js';
import { RoomListsService } from '../presence/room-lists.service.js';
import type { DoorCaller } from './door-caller.js';
import { InvitesRepository } from './invites.repository.js';
import { LobbyService, refuseNewcomers } from './lobby.service.js';
import { makeSpeaker } from './make-speaker.js';
import { RoomDoorsRepository, type RoomDoor } from './room-doors.repository.js';
import { hashOfNetwork, hashOfToken } from './secrets.js';
import { WaitingRepository } from './waiting.repository.js';

/** What an owner wants changed. `password`: null takes it away. `code`: a new one, or none. */
export interface DoorWish {
  readonly listed?: boolean | undefined;
  readonly password?: string | null | undefined;
  readonly code?: boolean | undefined;
}

/** By what somebody with an account comes in. */
export interface DoorKey {
  readonly invite?: string | undefined;
  readonly code?: string | undefined;
  readonly password?: string | undefined;
}

/** Somebody with an account who comes. `address`: the key of where he comes from. */
export interface Comer {
  readonly userId: number;
  readonly userName: string;
  readonly address: string;
}

/** Private rooms: who closes them, and how people with an account come in. */
@Injectable()
export class RoomDoorService {
  constructor(
    @Inject(RoomDoorsRepository) private readonly doors: RoomDoorsRepository,
    @Inject(InvitesRepository) private readonly invites: InvitesRepository,
    @Inject(RoomRecordsService) private readonly records: Pick<RoomRecordsService, 'forHost'>,
    @Inject(RoomAccessService) private readonly access: Pick<RoomAccessService, 'bans' | 'forget'>,
    @Inject(RoomHeadsService) private readonly heads: Pick<RoomHeadsService, 'ensure'>,
    @Inject(RoomStore) private readonly store: Pick<RoomStore, 'facts'>,
    @Inject(PresenceStore) private readonly presence: Pick<PresenceStore, 'list'>,
    @Inject(PasswordHasher) private readonly hasher: PasswordHasher,
    @Inject(ActsService) private readonly acts: Pick<ActsService, 'act'>,
    @Inject(EventBus) private readonly events: Pick<EventBus, 'publish'>,
    @Inject(RoomListsService) private readonly lists: Pick<RoomListsService, 'renew'>,
    @Inject(RoomsRepository) private readonly rooms: Pick<RoomsRepository, 'hasMember'>,
    @Inject(LobbyService) private readonly lobby: Pick<LobbyService, 'policy' | 'came' | 'sweep'>,
    @Inject(WaitingRepository) private readonly people: Pick<WaitingRepository, 'add'>,
    @Inject(JwtService) private readonly jwt: JwtService,
  ) {}

  /** @throws {AppError} `FORBIDDEN` for who is no host. */
  async settings(userId: number, roomId: number): Promise<DoorSettings> {
    await this.records.forHost(userId, roomId);
    return settingsOf(await this.doors.get(roomId));
  }

  /**
   * Changes the door. Who is in the room when it is closed stays, and becomes a member.
   *
   * @throws {AppError} `FORBIDDEN` for who is no owner; `INVALID` for a password of a room that is listed.
   */
  async change({ userId, userName, roomId }: DoorCaller, wish: DoorWish): Promise<DoorSettings> {
    const role = roleOf(await this.records.forHost(userId, roomId), userId);
    if (role !== 'owner') throw new AppError('FORBIDDEN');
    const { listed, password, code } = wish;
    const passwordHash = password ? await this.hasher.hash(opaqueString(password)) : password;
    const present =
      listed === false ? (await this.presence.list(roomId, limits.maxListedMembers)).members : [];
    const door = await this.doors.change(
      roomId,
      { userId, userName, role },
      { isPrivate: listed === undefined ? undefined : !listed, passwordHash, code },
      present.map((member) => member.userId),
    );
    if (listed !== undefined) {
      this.access.forget(roomId);
      this.lists.renew();
      // Without the hint, others know within half a minute.
      await this.events.publish('room', { roomId } satisfies RoomChangedEvent).catch(() => undefined);
    }
    return settingsOf(door);
  }

  /**
   * Lets somebody with an account in. Into a private room where hosts let people in he has to wait; a listed one is open to
   * accounts anyway.
   *
   * @throws {AppError} `INVITE_NOT_FOUND`; `INVITE_OVER`; `ROOM_NOT_FOUND` for a code that nobody has; `PASSWORD_NEEDED`, which is
   *   no guess; `WRONG_PASSWORD`; `BANNED`; `NO_NEWCOMERS`; `LOBBY_FULL`.
   */
  async join(user: Comer, key: DoorKey): Promise<JoinedByDoor> {
    if (key.invite !== undefined) return this.joinByInvite(user, key.invite);
    const door = await this.doors.byCode(key.code ?? '');
    if (door.passwordHash !== undefined) await this.unlock(door.passwordHash, key.password);
    await this.refuseBanned(user.userId, door.roomId);
    if (await this.mustWait(user, door)) return { roomId: door.roomId, roomName: door.name, waiting: true };
    await this.doors.enter(door.roomId, { userId: user.userId, userName: user.userName, role: 'member' });
    return { roomId: door.roomId, roomName: door.name };
  }

  private async joinByInvite(user: Comer, token: string): Promise<JoinedByDoor> {
    const tokenHash = hashOfToken(token);
    const { roomId, inviteId } = await this.invites.find(tokenHash, user.userId);
    await this.refuseBanned(user.userId, roomId);
    const door = await this.doors.get(roomId);
    if (await this.mustWait(user, door, inviteId)) return { roomId, roomName: door.name, waiting: true };
    const { userId, userName } = user;
    const invite = await this.invites.enter(tokenHash, { userId, userName, role: 'member' });
    if (invite.role === 'speaker')
      await makeSpeaker({ store: this.store, acts: this.acts }, roomId, userId, invite.createdBy);
    return { roomId, roomName: door.name };
  }

  /** Whether a host has to let somebody in; then he waits from now on. @throws {AppError} `NO_NEWCOMERS`; `LOBBY_FULL`. */
  private async mustWait(
    { userId, userName, address }: Comer,
    { roomId, isPrivate }: RoomDoor,
    inviteId?: string,
  ): Promise<boolean> {
    if (!isPrivate || (await this.rooms.hasMember(roomId, userId))) return false;
    const policy = await this.lobby.policy(roomId);
    refuseNewcomers(policy, roomId);
    if (policy !== 'ASK_MODERATOR') return false;
    const network = hashOfNetwork(this.jwt, address);
    const person = { roomId, userId, userName, isGuest: false, inviteId, network, since: Date.now() };
    await this.lobby.sweep(roomId, {});
    await this.people.add(person);
    await this.lobby.came(roomId, userId);
    return true;
  }

  private async refuseBanned(userId: number, roomId: number): Promise<void> {
    // It brings the bans to Redis, if the room had left it.
    await this.heads.ensure(roomId);
    const [until = 0] = await this.access.bans([{ userId, roomId }]);
    if (until > 0) throw new AppError('BANNED', { until, context: { roomId } });
  }

  private async unlock(hash: string, password: string | undefined): Promise<void> {
    if (password === undefined) throw new AppError('PASSWORD_NEEDED');
    if (!(await this.hasher.matches(opaqueString(password), hash))) throw new AppError('WRONG_PASSWORD');
  }
}

const settingsOf = ({ isPrivate, passwordHash, code }: RoomDoor): DoorSettings => ({
  listed: !isPrivate,
  hasPassword: passwordHash !== undefined,
  ...(code !== undefined && { code }),
});
