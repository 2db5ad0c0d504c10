import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { logicRpc, type Identity } from '@parley/contracts';
import { RpcClient } from '@parley/rpc';
import type { z } from 'zod';
import { Caller, Public, TokenInBody } from '../auth/access.decorators.js';
import { ApiRoute } from '../docs/api-route.decorator.js';
import { CallerAddress } from '../http/caller-address.js';
import { RateLimits } from '../http/rate-limits.js';
import { ZodPipe } from '../http/zod.pipe.js';
import { seedSuccess, type SeedReply } from './seed-reply.js';
import { seedLoginSchema, seedRegisterSchema, seedReplySchema, tokenBodySchema } from './seed-schemas.js';

type Credentials = z.output<typeof seedLoginSchema>;

/** gochat's account routes. */
@Controller('user')
export class UserController {
  constructor(
    @Inject(RpcClient) private readonly rpc: Pick<RpcClient, 'call'>,
    @Inject(RateLimits) private readonly limits: RateLimits,
  ) {}

  @Public()
  @Post('login')
  @HttpCode(200)
  @ApiRoute({
    summary: 'gochat: log in; the token is in `data`',
    tag: 'gochat',
    body: seedLoginSchema,
    response: seedReplySchema,
  })
  async login(
    @CallerAddress() address: string,
    @Body(new ZodPipe(seedLoginSchema)) { userName, passWord }: Credentials,
  ): Promise<SeedReply> {
    this.limits.login(address, userName);
    const { token } = await this.rpc.call(logicRpc.login, { userName, password: passWord });
    return seedSuccess('login success', token);
  }

  @Public()
  @Post('register')
  @HttpCode(200)
  @ApiRoute({
    summary: 'gochat: register; the token is in `data`',
    tag: 'gochat',
    body: seedRegisterSchema,
    response: seedReplySchema,
  })
  async register(
    @CallerAddress() address: string,
    @Body(new ZodPipe(seedRegisterSchema)) { userName, passWord }: Credentials,
  ): Promise<SeedReply> {
    this.limits.registration(address);
    const { token } = await this.rpc.call(logicRpc.register, { userName, password: passWord });
    return seedSuccess('register success', token);
  }

  @TokenInBody()
  @Post('checkAuth')
  @HttpCode(200)
  @ApiRoute({
    summary: 'gochat: whose token is this?',
    tag: 'gochat',
    body: tokenBodySchema,
    response: seedReplySchema,
  })
  checkAuth(@Caller() { userId, userName }: Identity): SeedReply {
    return seedSuccess('auth success', { userId, userName });
  }

  @TokenInBody()
  @Post('logout')
  @HttpCode(200)
  @ApiRoute({ summary: 'gochat: log out', tag: 'gochat', body: tokenBodySchema, response: seedReplySchema })
  async logout(@Caller() { userId, sessionId, expiresAt }: Identity): Promise<SeedReply> {
    await this.rpc.call(logicRpc.logout, { userId, sessionId, expiresAt });
    return seedSuccess('logout ok!');
  }
}
