import { Body, Controller, Get, Headers, Inject, Param, Post, Query } from '@nestjs/common';
import { logicRpc, type Identity } from '@parley/contracts';
import {
  conversationsQuerySchema,
  conversationsSchema,
  createRoomBodySchema,
  idField,
  membersSchema,
  roomSchema,
  roomsSchema,
  roomsSearchSchema,
  type Conversations,
  type Members,
  type Room,
  type Rooms,
} from '@parley/protocol';
import { RpcClient } from '@parley/rpc';
import type { z } from 'zod';
import { Caller, ForGuests } from '../auth/access.decorators.js';
import { ApiRoute } from '../docs/api-route.decorator.js';
import { keyOf } from '../http/idempotency-key.js';
import { RateLimits } from '../http/rate-limits.js';
import { ZodPipe } from '../http/zod.pipe.js';

/** Rooms, who is in them, and conversations. */
@Controller('v1')
export class RoomsController {
  constructor(
    @Inject(RpcClient) private readonly rpc: Pick<RpcClient, 'call'>,
    @Inject(RateLimits) private readonly limits: Pick<RateLimits, 'search'>,
  ) {}

  @Get('rooms')
  @ApiRoute({
    summary: 'Rooms, or those whose name has a text, the most recently used first, in pages',
    tag: 'rooms',
    query: roomsSearchSchema,
    response: roomsSchema,
  })
  list(
    @Caller() { userId }: Identity,
    @Query(new ZodPipe(roomsSearchSchema)) query: z.output<typeof roomsSearchSchema>,
  ): Promise<Rooms> {
    if (query.q !== undefined) this.limits.search(userId);
    return this.rpc.call(logicRpc.listRooms, { userId, ...query });
  }

  @Post('rooms')
  @ApiRoute({
    summary: 'Create a room, listed or private',
    tag: 'rooms',
    body: createRoomBodySchema,
    example: { name: 'Mathematics' },
    response: roomSchema,
    status: 201,
    idempotent: { what: 'Asking again with the same key gives the room that it has made' },
  })
  create(
    @Caller() { userId }: Identity,
    @Headers('idempotency-key') header: string | undefined,
    @Body(new ZodPipe(createRoomBodySchema)) body: z.output<typeof createRoomBodySchema>,
  ): Promise<Room> {
    return this.rpc.call(logicRpc.createRoom, { userId, ...body, key: keyOf(header) });
  }

  @ForGuests('room')
  @Get('rooms/:id')
  @ApiRoute({ summary: 'One room', tag: 'rooms', response: roomSchema, params: { id: 1 } })
  get(
    @Caller() { userId }: Identity,
    @Param('id', new ZodPipe(idField, 'id')) roomId: number,
  ): Promise<Room> {
    return this.rpc.call(logicRpc.getRoom, { userId, roomId });
  }

  @ForGuests('room')
  @Get('rooms/:id/members')
  @ApiRoute({
    summary: 'Who is online in a room; of a conversation, which of its two users are connected',
    tag: 'rooms',
    response: membersSchema,
    params: { id: 1 },
  })
  members(
    @Caller() { userId }: Identity,
    @Param('id', new ZodPipe(idField, 'id')) roomId: number,
  ): Promise<Members> {
    return this.rpc.call(logicRpc.listMembers, { userId, roomId });
  }

  @Get('conversations')
  @ApiRoute({
    summary: 'My direct conversations, the most recently used first, in pages; the one with `peer`, if any',
    tag: 'rooms',
    query: conversationsQuerySchema,
    response: conversationsSchema,
  })
  conversations(
    @Caller() { userId }: Identity,
    @Query(new ZodPipe(conversationsQuerySchema)) query: z.output<typeof conversationsQuerySchema>,
  ): Promise<Conversations> {
    return this.rpc.call(logicRpc.listConversations, { userId, ...query });
  }
}
