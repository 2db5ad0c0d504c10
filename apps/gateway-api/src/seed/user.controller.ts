import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { logicRpc, type Identity } from '@parley/contracts';
import { RpcClient } from '@parley/rpc';
import type { z } from 'zod';
import { Caller, ForGuests, Public, TokenInBody } from '../auth/access.decorators.js';
import { CredentialsService } from '../auth/credentials.service.js';
import { ApiRoute } from '../docs/api-route.decorator.js';
import { FromCaller, type PasswordCaller } from '../http/caller-address.js';
import { ZodPipe } from '../http/zod.pipe.js';
import { seedSuccess, type SeedReply } from './seed-reply.js';
import {
  exampleToken as authToken,
  seedLoginSchema,
  seedRegisterSchema,
  seedReplySchema,
  tokenBodySchema,
} from './seed-schemas.js';

type SeedCredentials = z.output<typeof seedLoginSchema>;

/** gochat's account routes. */
@Controller('user')
export class UserController {
  constructor(
    @Inject(RpcClient) private readonly rpc: Pick<RpcClient, 'call'>,
    @Inject(CredentialsService) private readonly credentials: CredentialsService,
  ) {}

  @Public()
  @Post('login')
  @HttpCode(200)
  @ApiRoute({
    summary: 'gochat: log in; the token is in `data`',
    tag: 'gochat',
    body: seedLoginSchema,
    example: { userName: 'demo', passWord: '111111' },
    response: seedReplySchema,
  })
  async login(
    @FromCaller() caller: PasswordCaller,
    @Body(new ZodPipe(seedLoginSchema)) { userName, passWord }: SeedCredentials,
  ): Promise<SeedReply> {
    const { token } = await this.credentials.login(caller, { userName, password: passWord });
    return seedSuccess('login success', token);
  }

  @Public()
  @Post('register')
  @HttpCode(200)
  @ApiRoute({
    summary: 'gochat: register; the token is in `data`',
    tag: 'gochat',
    body: seedRegisterSchema,
    example: { userName: 'grace', passWord: 'a long password' },
    response: seedReplySchema,
  })
  async register(
    @FromCaller() caller: PasswordCaller,
    @Body(new ZodPipe(seedRegisterSchema)) { userName, passWord }: SeedCredentials,
  ): Promise<SeedReply> {
    const { token } = await this.credentials.register(caller, { userName, password: passWord });
    return seedSuccess('register success', token);
  }

  @ForGuests('self')
  @TokenInBody()
  @Post('checkAuth')
  @HttpCode(200)
  @ApiRoute({
    summary: 'gochat: whose token is this?',
    tag: 'gochat',
    body: tokenBodySchema,
    example: { authToken },
    response: seedReplySchema,
  })
  checkAuth(@Caller() { userId, userName }: Identity): SeedReply {
    return seedSuccess('auth success', { userId, userName });
  }

  @ForGuests('self')
  @TokenInBody()
  @Post('logout')
  @HttpCode(200)
  @ApiRoute({
    summary: 'gochat: log out',
    tag: 'gochat',
    body: tokenBodySchema,
    example: { authToken },
    response: seedReplySchema,
  })
  async logout(@Caller() { userId, sessionId, expiresAt }: Identity): Promise<SeedReply> {
    await this.rpc.call(logicRpc.logout, { userId, sessionId, expiresAt });
    return seedSuccess('logout ok!');
  }
}
