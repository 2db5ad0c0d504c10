import { Body, Controller, Get, HttpCode, Inject, Post } from '@nestjs/common';
import { logicRpc, type Identity } from '@parley/contracts';
import {
  loginBodySchema,
  registerBodySchema,
  sessionSchema,
  userSchema,
  type Session,
  type User,
} from '@parley/protocol';
import { RpcClient } from '@parley/rpc';
import type { z } from 'zod';
import { Caller, Public } from '../auth/access.decorators.js';
import { ApiRoute } from '../docs/api-route.decorator.js';
import { CallerAddress } from '../http/caller-address.js';
import { RateLimits } from '../http/rate-limits.js';
import { ZodPipe } from '../http/zod.pipe.js';

/** Accounts and sessions. */
@Controller('v1')
export class SessionsController {
  constructor(
    @Inject(RpcClient) private readonly rpc: Pick<RpcClient, 'call'>,
    @Inject(RateLimits) private readonly limits: RateLimits,
  ) {}

  @Public()
  @Post('register')
  @ApiRoute({
    summary: 'Create an account and log in',
    public: true,
    tag: 'sessions',
    body: registerBodySchema,
    response: sessionSchema,
    status: 201,
  })
  register(
    @CallerAddress() address: string,
    @Body(new ZodPipe(registerBodySchema)) body: z.output<typeof registerBodySchema>,
  ): Promise<Session> {
    this.limits.registration(address);
    return this.rpc.call(logicRpc.register, body);
  }

  @Public()
  @Post('login')
  @HttpCode(200)
  @ApiRoute({
    summary: 'Log in',
    tag: 'sessions',
    public: true,
    body: loginBodySchema,
    response: sessionSchema,
  })
  login(
    @CallerAddress() address: string,
    @Body(new ZodPipe(loginBodySchema)) body: z.output<typeof loginBodySchema>,
  ): Promise<Session> {
    this.limits.login(address, body.userName);
    return this.rpc.call(logicRpc.login, body);
  }

  @Post('logout')
  @HttpCode(204)
  @ApiRoute({
    summary: 'Log out: the token is refused and its connections are closed',
    tag: 'sessions',
    status: 204,
  })
  async logout(@Caller() { userId, sessionId, expiresAt }: Identity): Promise<void> {
    await this.rpc.call(logicRpc.logout, { userId, sessionId, expiresAt });
  }

  @Get('me')
  @ApiRoute({ summary: 'Who am I?', tag: 'sessions', response: userSchema })
  me(@Caller() { userId, userName, role }: Identity): User {
    return { userId, userName, role };
  }
}
