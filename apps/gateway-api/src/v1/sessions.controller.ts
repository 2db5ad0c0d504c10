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
import { Caller, ForGuests, Public } from '../auth/access.decorators.js';
import { CredentialsService } from '../auth/credentials.service.js';
import { ApiRoute } from '../docs/api-route.decorator.js';
import { FromCaller, type PasswordCaller } from '../http/caller-address.js';
import { ZodPipe } from '../http/zod.pipe.js';

/** Accounts and sessions. */
@Controller('v1')
export class SessionsController {
  constructor(
    @Inject(RpcClient) private readonly rpc: Pick<RpcClient, 'call'>,
    @Inject(CredentialsService) private readonly credentials: CredentialsService,
  ) {}

  @Public()
  @Post('register')
  @ApiRoute({
    summary: 'Create an account and log in',
    public: true,
    tag: 'sessions',
    body: registerBodySchema,
    example: { userName: 'ada', password: 'a long password' },
    response: sessionSchema,
    status: 201,
  })
  register(
    @FromCaller() caller: PasswordCaller,
    @Body(new ZodPipe(registerBodySchema)) body: z.output<typeof registerBodySchema>,
  ): Promise<Session> {
    return this.credentials.register(caller, body);
  }

  @Public()
  @Post('login')
  @HttpCode(200)
  @ApiRoute({
    summary: 'Log in',
    tag: 'sessions',
    public: true,
    body: loginBodySchema,
    example: { userName: 'demo', password: '111111' },
    response: sessionSchema,
  })
  login(
    @FromCaller() caller: PasswordCaller,
    @Body(new ZodPipe(loginBodySchema)) body: z.output<typeof loginBodySchema>,
  ): Promise<Session> {
    return this.credentials.login(caller, body);
  }

  @ForGuests('self')
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

  @ForGuests('self')
  @Get('me')
  @ApiRoute({ summary: 'Who am I?', tag: 'sessions', response: userSchema })
  me(@Caller() { userId, userName, role }: Identity): User {
    return { userId, userName, role };
  }
}
