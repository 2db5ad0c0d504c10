import { Body, Controller, Get, Headers, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { authorOf, logicRpc, type Identity, type RawHistoryPage } from '@parley/contracts';
import {
  ackSchema,
  AppError,
  historyPageSchema,
  historyQuerySchema,
  idField,
  sendBodySchema,
} from '@parley/protocol';
import { PublishCoalescer, RpcClient } from '@parley/rpc';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { Caller, ForGuests, Sends } from '../auth/access.decorators.js';
import { idOf } from '../http/idempotency-key.js';
import { ApiRoute } from '../docs/api-route.decorator.js';
import { ZodPipe } from '../http/zod.pipe.js';

/** Sending and reading messages. */
@Controller('v1')
export class MessagesController {
  constructor(
    @Inject(RpcClient) private readonly rpc: Pick<RpcClient, 'call'>,
    @Inject(PublishCoalescer) private readonly publisher: PublishCoalescer,
  ) {}

  @ForGuests('room')
  @Get('rooms/:id/messages')
  @ApiRoute({
    summary: 'History by seq: the newest, or those before or after one',
    tag: 'messages',
    query: historyQuerySchema,
    response: historyPageSchema,
    params: { id: 1 },
  })
  async history(
    @Caller() { userId }: Identity,
    @Param('id', new ZodPipe(idField, 'id')) roomId: number,
    @Query(new ZodPipe(historyQuerySchema)) { before, after, limit }: z.output<typeof historyQuerySchema>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    if (before !== undefined && after !== undefined)
      throw new AppError('INVALID', { fields: ['before', 'after'] });
    const page = await this.rpc.call(logicRpc.history, {
      userId,
      roomId,
      limit,
      ...(before !== undefined && { before }),
      ...(after !== undefined && { after }),
    });
    await reply.type('application/json').send(pageJson(page));
  }

  @ForGuests('room')
  @Sends()
  @Post('rooms/:id/messages')
  @ApiRoute({
    summary: 'Send to a room',
    tag: 'messages',
    body: sendBodySchema,
    example: { msg: 'Hello from the docs' },
    response: ackSchema,
    status: 201,
    params: { id: 1 },
    idempotent: true,
  })
  async sendToRoom(
    @Caller() from: Identity,
    @Param('id', new ZodPipe(idField, 'id')) roomId: number,
    @Headers('idempotency-key') key: string | undefined,
    @Body(new ZodPipe(sendBodySchema)) { msg }: z.output<typeof sendBodySchema>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.answer(
      reply,
      this.publisher.publish({ from: authorOf(from), roomId, text: msg, clientMsgId: idOf(key) }),
    );
  }

  @Sends()
  @Post('users/:id/messages')
  @ApiRoute({
    summary: 'Send to one user',
    tag: 'messages',
    body: sendBodySchema,
    example: { msg: 'Hello, demo1' },
    response: ackSchema,
    status: 201,
    params: { id: 4 },
    idempotent: true,
  })
  async sendToUser(
    @Caller() from: Identity,
    @Param('id', new ZodPipe(idField, 'id')) toUserId: number,
    @Headers('idempotency-key') key: string | undefined,
    @Body(new ZodPipe(sendBodySchema)) { msg }: z.output<typeof sendBodySchema>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.answer(
      reply,
      this.publisher.publish({ from: authorOf(from), toUserId, text: msg, clientMsgId: idOf(key) }),
    );
  }

  private async answer(
    reply: FastifyReply,
    publishing: ReturnType<PublishCoalescer['publish']>,
  ): Promise<void> {
    const ack = await publishing;
    await reply.status(ack.duplicate ? 200 : 201).send(ack);
  }
}

/** The messages are JSON texts already: joined, not parsed. */
function pageJson({ messages, ...page }: RawHistoryPage): string {
  return `${JSON.stringify(page).slice(0, -1)},"messages":[${messages.join(',')}]}`;
}
