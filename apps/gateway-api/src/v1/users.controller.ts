import { Controller, Get, Inject, Query } from '@nestjs/common';
import { logicRpc, type Identity } from '@parley/contracts';
import { usersSchema, usersSearchSchema, type Users } from '@parley/protocol';
import { RpcClient } from '@parley/rpc';
import type { z } from 'zod';
import { Caller } from '../auth/access.decorators.js';
import { ApiRoute } from '../docs/api-route.decorator.js';
import { RateLimits } from '../http/rate-limits.js';
import { ZodPipe } from '../http/zod.pipe.js';

/** People by name. */
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
}
