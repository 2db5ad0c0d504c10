import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Put } from '@nestjs/common';
import { logicRpc, type Identity } from '@parley/contracts';
import {
  AppError,
  idField,
  readBodySchema,
  readStateSchema,
  unreadSchema,
  type ReadState,
  type Unread,
} from '@parley/protocol';
import { RpcClient } from '@parley/rpc';
import type { z } from 'zod';
import { Caller, ForGuests } from '../auth/access.decorators.js';
import { ApiRoute } from '../docs/api-route.decorator.js';
import { ZodPipe } from '../http/zod.pipe.js';

/** How far the caller has read, and what he has not. */
@Controller('v1')
export class ReadingController {
  constructor(@Inject(RpcClient) private readonly rpc: Pick<RpcClient, 'call'>) {}

  @ForGuests('self')
  @Get('unread')
  @ApiRoute({
    summary: 'What is unread in the rooms that I follow and in my conversations',
    tag: 'messages',
    response: unreadSchema,
  })
  unread(@Caller() { userId }: Identity): Promise<Unread> {
    return this.rpc.call(logicRpc.listUnread, { userId });
  }

  @ForGuests('self')
  @HttpCode(204)
  @Post('unread/clear')
  @ApiRoute({ summary: 'Everything is read', tag: 'messages', status: 204 })
  async clear(@Caller() { userId }: Identity): Promise<void> {
    await this.rpc.call(logicRpc.markAllRead, { userId });
  }

  @ForGuests('room')
  @Put('rooms/:id/read')
  @ApiRoute({
    summary: 'Everything up to a seq is read; from then on I follow the room',
    tag: 'messages',
    body: readBodySchema,
    example: { seq: 1 },
    response: readStateSchema,
    params: { id: 1 },
  })
  async read(
    @Caller() { userId }: Identity,
    @Param('id', new ZodPipe(idField, 'id')) roomId: number,
    @Body(new ZodPipe(readBodySchema)) { seq }: z.output<typeof readBodySchema>,
  ): Promise<ReadState> {
    const { results } = await this.rpc.call(logicRpc.markRead, { reads: [{ userId, roomId, seq }] });
    const [result] = results;
    if (result?.ok) return result.state;
    throw new AppError(result?.code ?? 'INTERNAL', { ...(result?.fields && { fields: result.fields }) });
  }

  @ForGuests('room')
  @HttpCode(204)
  @Delete('rooms/:id/read')
  @ApiRoute({
    summary: 'I do not follow the room any more: nothing of it is unread',
    tag: 'messages',
    status: 204,
    params: { id: 1 },
  })
  async forget(
    @Caller() { userId }: Identity,
    @Param('id', new ZodPipe(idField, 'id')) roomId: number,
  ): Promise<void> {
    await this.rpc.call(logicRpc.forgetRead, { userId, roomId });
  }
}
