import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { authorOf, logicRpc, newId, type Identity } from '@parley/contracts';
import { PublishCoalescer, RpcClient } from '@parley/rpc';
import type { z } from 'zod';
import { Caller, ForGuests, TokenInBody } from '../auth/access.decorators.js';
import { ApiRoute } from '../docs/api-route.decorator.js';
import { RateLimits } from '../http/rate-limits.js';
import { ZodPipe } from '../http/zod.pipe.js';
import { seedSuccess, type SeedReply } from './seed-reply.js';
import {
  exampleToken as authToken,
  pushBodySchema,
  pushRoomBodySchema,
  roomBodySchema,
  seedReplySchema,
} from './seed-schemas.js';

/** gochat's messaging routes: the token is checked before any handler. */
@Controller('push')
export class PushController {
  constructor(
    @Inject(PublishCoalescer) private readonly publisher: PublishCoalescer,
    @Inject(RpcClient) private readonly rpc: Pick<RpcClient, 'call'>,
    @Inject(RateLimits) private readonly limits: RateLimits,
  ) {}

  @TokenInBody({ sends: true })
  @Post('push')
  @HttpCode(200)
  @ApiRoute({
    summary: 'gochat: send to one user',
    tag: 'gochat',
    body: pushBodySchema,
    example: { authToken, msg: 'Hello, demo1', toUserId: '4' },
    response: seedReplySchema,
  })
  async push(
    @Caller() from: Identity,
    @Body(new ZodPipe(pushBodySchema)) body: z.output<typeof pushBodySchema>,
  ): Promise<SeedReply> {
    const { msg: text, toUserId, clientMsgId = newId() } = body;
    await this.publisher.publish({ from: authorOf(from), toUserId, text, clientMsgId });
    return seedSuccess('ok');
  }

  @ForGuests('room')
  @TokenInBody({ sends: true })
  @Post('pushRoom')
  @HttpCode(200)
  @ApiRoute({
    summary: 'gochat: send to a room',
    tag: 'gochat',
    body: pushRoomBodySchema,
    example: { authToken, msg: 'Hello from the docs', roomId: 1 },
    response: seedReplySchema,
  })
  async pushRoom(
    @Caller() from: Identity,
    @Body(new ZodPipe(pushRoomBodySchema)) body: z.output<typeof pushRoomBodySchema>,
  ): Promise<SeedReply> {
    const { msg: text, roomId, clientMsgId = newId() } = body;
    await this.publisher.publish({ from: authorOf(from), roomId, text, clientMsgId });
    return seedSuccess('ok');
  }

  @ForGuests('room')
  @TokenInBody()
  @Post('count')
  @HttpCode(200)
  @ApiRoute({
    summary: 'gochat: announce the number online to the room that I am in',
    tag: 'gochat',
    body: roomBodySchema,
    example: { authToken, roomId: 1 },
    response: seedReplySchema,
  })
  count(
    @Caller() caller: Identity,
    @Body(new ZodPipe(roomBodySchema)) { roomId }: z.output<typeof roomBodySchema>,
  ): Promise<SeedReply> {
    return this.announce(caller, roomId, 'count');
  }

  @ForGuests('room')
  @TokenInBody()
  @Post('getRoomInfo')
  @HttpCode(200)
  @ApiRoute({
    summary: 'gochat: announce who is online to the room that I am in',
    tag: 'gochat',
    body: roomBodySchema,
    example: { authToken, roomId: 1 },
    response: seedReplySchema,
  })
  getRoomInfo(
    @Caller() caller: Identity,
    @Body(new ZodPipe(roomBodySchema)) { roomId }: z.output<typeof roomBodySchema>,
  ): Promise<SeedReply> {
    return this.announce(caller, roomId, 'info');
  }

  private async announce({ userId }: Identity, roomId: number, what: 'count' | 'info'): Promise<SeedReply> {
    this.limits.announcement(userId);
    await this.rpc.call(logicRpc.announce, { userId, roomId, what });
    return seedSuccess('ok');
  }
}
