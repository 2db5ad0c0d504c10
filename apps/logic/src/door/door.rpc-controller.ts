import { Controller, Inject } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { logicRpc, type RpcResponse } from '@parley/contracts';
import { RpcMethod } from '@parley/rpc';
import type { z } from 'zod';
import { DoorService } from './door.service.js';
import { GuestNamesService } from './guest-names.service.js';
import { LobbyService } from './lobby.service.js';
import { RoomDoorService } from './room-door.service.js';

type Request<M extends keyof typeof logicRpc> = z.output<(typeof logicRpc)[M]['request']>;
type Response<M extends keyof typeof logicRpc> = Promise<RpcResponse<(typeof logicRpc)[M]>>;

/** Invitations and guests; see `doorRpc`. */
@Controller()
export class DoorRpcController {
  constructor(
    @Inject(DoorService) private readonly door: DoorService,
    @Inject(RoomDoorService) private readonly rooms: RoomDoorService,
    @Inject(LobbyService) private readonly lobby: LobbyService,
    @Inject(GuestNamesService) private readonly names: GuestNamesService,
  ) {}

  @RpcMethod(logicRpc.doorSettings)
  doorSettings(@Payload() { userId, roomId }: Request<'doorSettings'>): Response<'doorSettings'> {
    return this.rooms.settings(userId, roomId);
  }

  @RpcMethod(logicRpc.changeDoor)
  changeDoor(
    @Payload() { userId, userName, roomId, ...wish }: Request<'changeDoor'>,
  ): Response<'changeDoor'> {
    return this.rooms.change({ userId, userName, roomId }, wish);
  }

  @RpcMethod(logicRpc.joinByDoor)
  joinByDoor(
    @Payload() { userId, userName, by, address = 'none' }: Request<'joinByDoor'>,
  ): Response<'joinByDoor'> {
    return this.rooms.join({ userId, userName, address }, by);
  }

  @RpcMethod(logicRpc.createInvite)
  createInvite(
    @Payload() { userId, userName, roomId, ...terms }: Request<'createInvite'>,
  ): Response<'createInvite'> {
    return this.door.invite({ userId, userName, roomId }, terms);
  }

  @RpcMethod(logicRpc.listInvites)
  async listInvites(@Payload() { userId, roomId }: Request<'listInvites'>): Response<'listInvites'> {
    return { invites: await this.door.list(userId, roomId) };
  }

  @RpcMethod(logicRpc.withdrawInvite)
  async withdrawInvite(
    @Payload() { inviteId, endSessions, ...caller }: Request<'withdrawInvite'>,
  ): Response<'withdrawInvite'> {
    await this.door.withdraw(caller, inviteId, endSessions);
    return {};
  }

  @RpcMethod(logicRpc.doorLog)
  doorLog(@Payload() { userId, roomId, ...page }: Request<'doorLog'>): Response<'doorLog'> {
    return this.door.log(userId, roomId, page);
  }

  @RpcMethod(logicRpc.listWaiting)
  listWaiting(@Payload() { userId, roomId, ...page }: Request<'listWaiting'>): Response<'listWaiting'> {
    return this.lobby.list(userId, roomId, page);
  }

  @RpcMethod(logicRpc.decideWaiting)
  decideWaiting(
    @Payload() { userId, userName, roomId, ...decision }: Request<'decideWaiting'>,
  ): Response<'decideWaiting'> {
    return this.lobby.decide({ userId, userName, roomId }, decision);
  }

  @RpcMethod(logicRpc.askWaiting)
  async askWaiting(@Payload() { roomId, userIds }: Request<'askWaiting'>): Response<'askWaiting'> {
    return { states: await this.lobby.ask(roomId, userIds) };
  }

  @RpcMethod(logicRpc.leaveWaiting)
  async leaveWaiting(@Payload() { userId, roomId }: Request<'leaveWaiting'>): Response<'leaveWaiting'> {
    await this.lobby.leave(roomId, userId);
    return {};
  }

  @RpcMethod(logicRpc.readInvite)
  readInvite(@Payload() { invite }: Request<'readInvite'>): Response<'readInvite'> {
    return this.door.read(invite);
  }

  @RpcMethod(logicRpc.admitGuest)
  admitGuest(@Payload() { invite, name, address, key }: Request<'admitGuest'>): Response<'admitGuest'> {
    return this.door.admitGuest(invite, name, address, key);
  }

  @RpcMethod(logicRpc.renameGuest)
  renameGuest(@Payload() { session, name, ...guest }: Request<'renameGuest'>): Response<'renameGuest'> {
    return this.names.rename(guest, session, name);
  }
}
