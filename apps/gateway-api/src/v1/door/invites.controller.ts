import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { logicRpc, type Identity } from '@parley/contracts';
import {
  doorLogQuerySchema,
  doorLogSchema,
  idField,
  inviteBodySchema,
  invitesSchema,
  madeInviteSchema,
  withdrawQuerySchema,
  type DoorLog,
  type Invites,
  type MadeInvite,
} from '@parley/protocol';
import { RpcClient } from '@parley/rpc';
import { z } from 'zod';
import { Caller } from '../../auth/access.decorators.js';
import { ApiRoute } from '../../docs/api-route.decorator.js';
import { ZodPipe } from '../../http/zod.pipe.js';

/** Invitations to a room, for its hosts. */
@Controller('v1/rooms/:id')
export class InvitesController {
  constructor(@Inject(RpcClient) private readonly rpc: Pick<RpcClient, 'call'>) {}

  @Post('invites')
  @ApiRoute({
    summary: 'Make an invitation; its secret and its page are told this once',
    tag: 'door',
    body: inviteBodySchema,
    example: { role: 'guest', maxUses: 30 },
    response: madeInviteSchema,
    status: 201,
    params: { id: 1 },
  })
  create(
    @Caller() { userId, userName }: Identity,
    @Param('id', new ZodPipe(idField, 'id')) roomId: number,
    @Body(new ZodPipe(inviteBodySchema)) terms: z.output<typeof inviteBodySchema>,
  ): Promise<MadeInvite> {
    return this.rpc.call(logicRpc.createInvite, { userId, userName, roomId, ...terms });
  }

  @Get('invites')
  @ApiRoute({
    summary: 'Invitations that can be used, the newest first',
    tag: 'door',
    response: invitesSchema,
    params: { id: 1 },
  })
  list(
    @Caller() { userId }: Identity,
    @Param('id', new ZodPipe(idField, 'id')) roomId: number,
  ): Promise<Invites> {
    return this.rpc.call(logicRpc.listInvites, { userId, roomId });
  }

  @HttpCode(204)
  @Delete('invites/:inviteId')
  @ApiRoute({
    summary: 'Withdraw an invitation; with sessions=end its guests leave',
    tag: 'door',
    query: withdrawQuerySchema,
    status: 204,
    params: { id: 1, inviteId: '01900000-0000-7000-8000-000000000000' },
  })
  async withdraw(
    @Caller() { userId, userName }: Identity,
    @Param('id', new ZodPipe(idField, 'id')) roomId: number,
    @Param('inviteId', new ZodPipe(z.uuid(), 'inviteId')) inviteId: string,
    @Query(new ZodPipe(withdrawQuerySchema)) { sessions }: z.output<typeof withdrawQuerySchema>,
  ): Promise<void> {
    const endSessions = sessions === 'end';
    await this.rpc.call(logicRpc.withdrawInvite, { userId, userName, roomId, inviteId, endSessions });
  }

  @Get('door/log')
  @ApiRoute({
    summary: 'What was done at the door, and who came in by what; the newest first',
    tag: 'door',
    query: doorLogQuerySchema,
    response: doorLogSchema,
    params: { id: 1 },
  })
  log(
    @Caller() { userId }: Identity,
    @Param('id', new ZodPipe(idField, 'id')) roomId: number,
    @Query(new ZodPipe(doorLogQuerySchema)) page: z.output<typeof doorLogQuerySchema>,
  ): Promise<DoorLog> {
    return this.rpc.call(logicRpc.doorLog, { userId, roomId, ...page });
  }
}
