import { Controller, Inject } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { logicRpc, type RpcResponse } from '@parley/contracts';
import { AppError, type ActName } from '@parley/protocol';
import { RpcMethod } from '@parley/rpc';
import type { z } from 'zod';
import { LobbyHints } from './door/lobby-hints.js';
import { OwnDatabaseService } from './messages/own-database.service.js';
import { ActsService } from './acts/acts.service.js';
import { RoomRecordsService } from './acts/room-records.service.js';

/** Acts after which it may stand otherwise with those who wait at the door. */
const atTheDoor: ReadonlySet<ActName> = new Set(['settings', 'panic', 'calm', 'ban', 'unban']);

type Request<M extends keyof typeof logicRpc> = z.output<(typeof logicRpc)[M]['request']>;
type Response<M extends keyof typeof logicRpc> = Promise<RpcResponse<(typeof logicRpc)[M]>>;

/** What is done to rooms, and what is known of that; see `logicRpc`. */
@Controller()
export class ActsRpcController {
  constructor(
    @Inject(ActsService) private readonly acts: ActsService,
    @Inject(RoomRecordsService) private readonly records: RoomRecordsService,
    @Inject(OwnDatabaseService) private readonly own: OwnDatabaseService,
    @Inject(LobbyHints) private readonly lobby: Pick<LobbyHints, 'changed'>,
  ) {}

  @RpcMethod(logicRpc.act)
  async act(@Payload() { from, roomId, act, clientMsgId }: Request<'act'>): Response<'act'> {
    if (!this.own.isOurs(from.databaseLife)) throw new AppError('UNAUTHENTICATED');
    const ack = await this.acts.act(from, roomId, act, clientMsgId);
    // What is changed by one of these may let people in who wait, or tell them that nobody will.
    if (atTheDoor.has(act.act)) this.lobby.changed(roomId, true);
    return ack;
  }

  @RpcMethod(logicRpc.roomState)
  roomState(@Payload() { userId, roomId, standing }: Request<'roomState'>): Response<'roomState'> {
    return this.records.state(userId, roomId, standing);
  }

  @RpcMethod(logicRpc.restrictions)
  restrictions(@Payload() { userId, roomId }: Request<'restrictions'>): Response<'restrictions'> {
    return this.records.restrictions(userId, roomId);
  }

  @RpcMethod(logicRpc.audit)
  audit(@Payload() { userId, roomId, ...query }: Request<'audit'>): Response<'audit'> {
    return this.records.audit(userId, roomId, query);
  }

  @RpcMethod(logicRpc.original)
  original(@Payload() { userId, roomId, seq }: Request<'original'>): Response<'original'> {
    return this.records.original(userId, roomId, seq);
  }
}
