import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { logicRpc, type Identity } from '@parley/contracts';
import {
  admitWaitingSchema,
  AppError,
  decidedSchema,
  decideWaitingSchema,
  idField,
  waitingListSchema,
  waitingQuerySchema,
  waitingStateSchema,
  type Decided,
  type WaitingList,
  type WaitingState,
} from '@parley/protocol';
import { RpcClient } from '@parley/rpc';
import type { z } from 'zod';
import { Caller, ForGuests } from '../../auth/access.decorators.js';
import { ApiRoute } from '../../docs/api-route.decorator.js';
import { ZodPipe } from '../../http/zod.pipe.js';
import { ActCalls } from '../hosting/act-calls.js';

/** Waiting to be let into a room, and letting in. */
@Controller('v1/rooms/:id/waiting')
export class WaitingController {
  constructor(
    @Inject(RpcClient) private readonly rpc: Pick<RpcClient, 'call'>,
    @Inject(ActCalls) private readonly acts: Pick<ActCalls, 'act'>,
  ) {}

  @Get()
  @ApiRoute({
    summary: 'Who waits to be let in, the first to come first',
    tag: 'door',
    query: waitingQuerySchema,
    response: waitingListSchema,
    params: { id: 1 },
  })
  list(
    @Caller() { userId }: Identity,
    @Param('id', new ZodPipe(idField, 'id')) roomId: number,
    @Query(new ZodPipe(waitingQuerySchema)) page: z.output<typeof waitingQuerySchema>,
  ): Promise<WaitingList> {
    return this.rpc.call(logicRpc.listWaiting, { userId, roomId, ...page });
  }

  @HttpCode(200)
  @Post('admit')
  @ApiRoute({
    summary: 'Let people in: those named, or all who wait now; with later, whoever comes from now on, too',
    tag: 'door',
    body: admitWaitingSchema,
    example: { all: true },
    response: decidedSchema,
    params: { id: 1 },
  })
  async admit(
    @Caller() caller: Identity,
    @Param('id', new ZodPipe(idField, 'id')) roomId: number,
    @Body(new ZodPipe(admitWaitingSchema)) { userIds, later }: z.output<typeof admitWaitingSchema>,
  ): Promise<Decided> {
    // First, so that nobody comes to wait between.
    if (later)
      await this.acts.act(caller, roomId, { act: 'settings', guestPolicy: 'ALWAYS_ACCEPT' }, undefined);
    return this.decide(caller, roomId, userIds, true);
  }

  @HttpCode(200)
  @Post('deny')
  @ApiRoute({
    summary: 'Do not let people in: those named, or all who wait now',
    tag: 'door',
    body: decideWaitingSchema,
    example: { userIds: [7] },
    response: decidedSchema,
    params: { id: 1 },
  })
  deny(
    @Caller() caller: Identity,
    @Param('id', new ZodPipe(idField, 'id')) roomId: number,
    @Body(new ZodPipe(decideWaitingSchema)) { userIds }: z.output<typeof decideWaitingSchema>,
  ): Promise<Decided> {
    return this.decide(caller, roomId, userIds, false);
  }

  @ForGuests('waiting')
  @Get('me')
  @ApiRoute({
    summary:
      'How it stands with me, who wait to be let in; to be asked every ten seconds, so that the place is kept',
    tag: 'door',
    response: waitingStateSchema,
    params: { id: 1 },
  })
  async ask(
    @Caller() { userId }: Identity,
    @Param('id', new ZodPipe(idField, 'id')) roomId: number,
  ): Promise<WaitingState> {
    const { states } = await this.rpc.call(logicRpc.askWaiting, { roomId, userIds: [userId] });
    const [state] = states;
    if (!state) throw new AppError('NOT_WAITING', { context: { roomId } });
    return state;
  }

  @ForGuests('waiting')
  @HttpCode(204)
  @Delete('me')
  @ApiRoute({
    summary: 'Wait no more',
    tag: 'door',
    status: 204,
    params: { id: 1 },
  })
  async leave(
    @Caller() { userId }: Identity,
    @Param('id', new ZodPipe(idField, 'id')) roomId: number,
  ): Promise<void> {
    await this.rpc.call(logicRpc.leaveWaiting, { userId, roomId });
  }

  private decide(
    { userId, userName }: Identity,
    roomId: number,
    userIds: number[] | undefined,
    admit: boolean,
  ): Promise<Decided> {
    return this.rpc.call(logicRpc.decideWaiting, {
      ...{ userId, userName, roomId, admit },
      ...(userIds && { userIds }),
    });
  }
}
