import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { logicRpc, type Identity } from '@parley/contracts';
import {
  idField,
  presenceSchema,
  usersSchema,
  usersSearchSchema,
  type Presence,
  type Users,
} from '@parley/protocol';
import { RpcClient } from '@parley/rpc';
import type { z } from 'zod';
import { Caller } from '../auth/access.decorators.js';
import { ApiRoute } from '../docs/api-route.decorator.js';
import { RateLimits } from '../http/rate-limits.js';
import { ZodPipe } from '../http/zod.pipe.js';

/** People: by name, and whether they are there. */
@Controller('v1')
export class UsersController {
  constructor(
    @Inject(RpcClient) private readonly rpc: Pick<RpcClient, 'call'>,
    @Inject(RateLimits) private readonly limits: Pick<RateLimits, 'search'>,
  ) {}

  @Get('users')
  @ApiRoute({
    summary: 'Users whose name has a text, in pages',
    tag: 'rooms',
    query: usersSearchSchema,
    queryExamples: { q: 'demo' },
    response: usersSchema,
  })
  search(
    @Caller() { userId }: Identity,
    @Query(new ZodPipe(usersSearchSchema)) query: z.output<typeof usersSearchSchema>,
  ): Promise<Users> {
    this.limits.search(userId);
    return this.rpc.call(logicRpc.searchUsers, { userId, ...query });
  }

  @Get('users/:id/presence')
  @ApiRoute({
    summary: 'Whether a user is connected, before a conversation with him has begun',
    tag: 'rooms',
    response: presenceSchema,
    params: { id: 4 },
  })
  presence(@Param('id', new ZodPipe(idField, 'id')) userId: number): Promise<Presence> {
    return this.rpc.call(logicRpc.getPresence, { userId });
  }
}
