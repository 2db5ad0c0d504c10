import { Body, Controller, Headers, HttpCode, Inject, Patch, Post } from '@nestjs/common';
import { logicRpc, type Identity } from '@parley/contracts';
import {
  AppError,
  guestBodySchema,
  guestKeySchema,
  guestSessionSchema,
  invitationBodySchema,
  invitationSchema,
  renameBodySchema,
  type GuestSession,
  type Invitation,
} from '@parley/protocol';
import { RpcClient } from '@parley/rpc';
import type { z } from 'zod';
import { Caller, ForGuests, Public } from '../../auth/access.decorators.js';
import { ApiRoute } from '../../docs/api-route.decorator.js';
import { FromCaller, type PasswordCaller } from '../../http/caller-address.js';
import { keyOf } from '../../http/idempotency-key.js';
import { RateLimits } from '../../http/rate-limits.js';
import { ZodPipe } from '../../http/zod.pipe.js';

/** Stands for the secret of an invitation of room 1. */
const exampleInvite = 'the-secret-of-an-invitation';

/** Coming in by an invitation, without an account. */
@Controller('v1')
export class GuestsController {
  constructor(
    @Inject(RpcClient) private readonly rpc: Pick<RpcClient, 'call'>,
    @Inject(RateLimits) private readonly limits: Pick<RateLimits, 'registration'>,
  ) {}

  @Public()
  @HttpCode(200)
  @Post('invitation')
  @ApiRoute({
    summary: 'What an invitation opens',
    tag: 'door',
    public: true,
    body: invitationBodySchema,
    example: { invite: exampleInvite },
    response: invitationSchema,
  })
  read(
    @Body(new ZodPipe(invitationBodySchema)) body: z.output<typeof invitationBodySchema>,
  ): Promise<Invitation> {
    return this.rpc.call(logicRpc.readInvite, body);
  }

  @Public()
  @Post('guests')
  @ApiRoute({
    summary: 'Come into a room by an invitation and a name, without an account',
    tag: 'door',
    public: true,
    body: guestBodySchema,
    example: { invite: exampleInvite, name: 'Grace' },
    response: guestSessionSchema,
    status: 201,
    idempotent: {
      what: 'Asking again with the same UUID, which is to be a secret, gives a session of the same guest',
      example: '4f0d6d3e-6d0a-4c39-9a55-0f5f7b0e3c1d',
    },
  })
  admit(
    @FromCaller() { address }: PasswordCaller,
    @Headers('idempotency-key') header: string | undefined,
    @Body(new ZodPipe(guestBodySchema)) body: z.output<typeof guestBodySchema>,
  ): Promise<GuestSession> {
    const key = keyOf(header, guestKeySchema);
    return this.limits.registration(address, () =>
      this.rpc.call(logicRpc.admitGuest, { ...body, address, key }),
    );
  }

  @ForGuests('self')
  @Patch('guests/me')
  @ApiRoute({
    summary:
      'Take another name, as a guest. The answer is the session to go on with; the one before ends ten seconds later',
    tag: 'door',
    body: renameBodySchema,
    example: { name: 'Grace' },
    response: guestSessionSchema,
  })
  rename(
    @Caller() { userId, userName, role, guestOf: roomId, waitsFor, sessionId, expiresAt }: Identity,
    @Body(new ZodPipe(renameBodySchema)) { name }: z.output<typeof renameBodySchema>,
  ): Promise<GuestSession> {
    if (role !== 'guest' || roomId === undefined)
      throw new AppError(waitsFor === undefined ? 'FORBIDDEN' : 'WAITING');
    const session = { id: sessionId, expiresAt };
    return this.rpc.call(
      logicRpc.renameGuest,
      { userId, userName, roomId, session, name },
      // How often somebody may is counted where he is served.
      { key: userId },
    );
  }
}
