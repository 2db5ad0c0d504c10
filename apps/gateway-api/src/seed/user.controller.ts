import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { logicRpc } from '@parley/contracts';
import { RpcClient } from '@parley/rpc';
import type { z } from 'zod';
import { Public } from '../auth/access.decorators.js';
import { tokenInBody } from '../auth/auth.guard.js';
import { TokenVerifier } from '@parley/service-host';
import { ApiRoute } from '../docs/api-route.decorator.js';
import { CallerAddress } from '../http/caller-address.js';
import { RateLimits } from '../http/rate-limits.js';
import { ZodPipe } from '../http/zod.pipe.js';
import { seedSuccess, type SeedReply } from './seed-reply.js';
import { seedLoginSchema, seedRegisterSchema, seedReplySchema, tokenBodySchema } from './seed-schemas.js';

type Credentials = z.output<typeof seedLoginSchema>;

/** gochat's account routes. They check their tokens themselves: two of them are there to be asked about one. */
@Public()
@Controller('user')
export class UserController {
  constructor(
    @Inject(RpcClient) private readonly rpc: Pick<RpcClient, 'call'>,
    @Inject(TokenVerifier) private readonly tokens: TokenVerifier,
    @Inject(RateLimits) private readonly limits: RateLimits,
  ) {}

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
    this.limits.credential(address, userName);
    const { token } = await this.rpc.call(logicRpc.login, { userName, password: passWord });
    return seedSuccess('login success', token);
  }

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
    this.limits.credential(address, userName);
    const { token } = await this.rpc.call(logicRpc.register, { userName, password: passWord });
    return seedSuccess('register success', token);
  }

  @Post('checkAuth')
  @HttpCode(200)
  @ApiRoute({
    summary: 'gochat: whose token is this?',
    tag: 'gochat',
    body: tokenBodySchema,
    response: seedReplySchema,
  })
  checkAuth(@Body() body: unknown): SeedReply {
    const { userId, userName } = this.tokens.verify(tokenInBody(body));
    return seedSuccess('auth success', { userId, userName });
  }

  @Post('logout')
  @HttpCode(200)
  @ApiRoute({ summary: 'gochat: log out', tag: 'gochat', body: tokenBodySchema, response: seedReplySchema })
  async logout(@Body() body: unknown): Promise<SeedReply> {
    const { userId, sessionId, expiresAt } = this.tokens.verify(tokenInBody(body));
    await this.rpc.call(logicRpc.logout, { userId, sessionId, expiresAt });
    return seedSuccess('logout ok!');
  }
}
