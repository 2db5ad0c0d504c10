import { Body, Controller, Delete, Headers, HttpCode, Inject, Param, Post, Put } from '@nestjs/common';
import type { Identity } from '@parley/contracts';
import {
  ackSchema,
  banBodySchema,
  idField,
  kickBodySchema,
  ownerBodySchema,
  roleBodySchema,
  type Ack,
  type ActInput,
} from '@parley/protocol';
import type { z } from 'zod';
import { Caller } from '../../auth/access.decorators.js';
import { ApiRoute } from '../../docs/api-route.decorator.js';
import { ZodPipe } from '../../http/zod.pipe.js';
import { ActCalls } from './act-calls.js';

/** What hosts do to people: roles, time-outs, bans. */
@Controller('v1/rooms/:id')
export class PeopleController {
  constructor(@Inject(ActCalls) private readonly acts: Pick<ActCalls, 'act'>) {}

  @HttpCode(200)
  @Put('members/:userId')
  @ApiRoute({
    summary: 'Give somebody a role; member takes it away',
    tag: 'hosting',
    body: roleBodySchema,
    example: { role: 'moderator' },
    response: ackSchema,
    params: { id: 1, userId: 4 },
    idempotent: true,
  })
  role(
    @Caller() from: Identity,
    @Param('id', new ZodPipe(idField, 'id')) roomId: number,
    @Param('userId', new ZodPipe(idField, 'userId')) userId: number,
    @Headers('idempotency-key') key: string | undefined,
    @Body(new ZodPipe(roleBodySchema)) body: z.output<typeof roleBodySchema>,
  ): Promise<Ack> {
    return this.acts.act(from, roomId, { act: 'role', userId, ...body }, key);
  }

  @HttpCode(200)
  @Post('owner')
  @ApiRoute({
    summary: 'Hand the room over: somebody else owns it, and I become a moderator',
    tag: 'hosting',
    body: ownerBodySchema,
    example: { userId: 4 },
    response: ackSchema,
    params: { id: 1 },
    idempotent: true,
  })
  handOver(
    @Caller() from: Identity,
    @Param('id', new ZodPipe(idField, 'id')) roomId: number,
    @Headers('idempotency-key') key: string | undefined,
    @Body(new ZodPipe(ownerBodySchema)) body: z.output<typeof ownerBodySchema>,
  ): Promise<Ack> {
    return this.acts.act(from, roomId, { act: 'handOver', ...body }, key);
  }

  @HttpCode(200)
  @Post('takeover')
  @ApiRoute({
    summary: 'As an admin of the site, become an owner of the room, for everybody to see',
    tag: 'hosting',
    response: ackSchema,
    params: { id: 1 },
    idempotent: true,
  })
  takeOver(
    @Caller() from: Identity,
    @Param('id', new ZodPipe(idField, 'id')) roomId: number,
    @Headers('idempotency-key') key: string | undefined,
  ): Promise<Ack> {
    return this.acts.act(from, roomId, { act: 'takeOver' }, key);
  }

  @HttpCode(200)
  @Post('bans')
  @ApiRoute({
    summary:
      'With a duration in seconds somebody may not write for so long; without one he may not be in the room',
    tag: 'hosting',
    body: banBodySchema,
    example: { userId: 4, duration: 600, reason: 'spam' },
    response: ackSchema,
    params: { id: 1 },
    idempotent: true,
  })
  ban(
    @Caller() from: Identity,
    @Param('id', new ZodPipe(idField, 'id')) roomId: number,
    @Headers('idempotency-key') key: string | undefined,
    @Body(new ZodPipe(banBodySchema)) body: z.output<typeof banBodySchema>,
  ): Promise<Ack> {
    return this.acts.act(from, roomId, banOf(body), key);
  }

  @HttpCode(200)
  @Delete('bans/:userId')
  @ApiRoute({
    summary: 'Lift a ban or a time-out',
    tag: 'hosting',
    response: ackSchema,
    params: { id: 1, userId: 4 },
    idempotent: true,
  })
  unban(
    @Caller() from: Identity,
    @Param('id', new ZodPipe(idField, 'id')) roomId: number,
    @Param('userId', new ZodPipe(idField, 'userId')) userId: number,
    @Headers('idempotency-key') key: string | undefined,
  ): Promise<Ack> {
    return this.acts.act(from, roomId, { act: 'unban', userId }, key);
  }

  @HttpCode(200)
  @Post('kicks')
  @ApiRoute({
    summary: 'Somebody leaves the room; he may come back',
    tag: 'hosting',
    body: kickBodySchema,
    example: { userId: 4 },
    response: ackSchema,
    params: { id: 1 },
    idempotent: true,
  })
  kick(
    @Caller() from: Identity,
    @Param('id', new ZodPipe(idField, 'id')) roomId: number,
    @Headers('idempotency-key') key: string | undefined,
    @Body(new ZodPipe(kickBodySchema)) body: z.output<typeof kickBodySchema>,
  ): Promise<Ack> {
    return this.acts.act(from, roomId, { act: 'kick', ...body }, key);
  }
}

function banOf({ userId, duration, reason }: z.output<typeof banBodySchema>): ActInput {
  const why = reason === undefined ? {} : { reason };
  return duration === undefined
    ? { act: 'ban', userId, ...why }
    : { act: 'timeout', userId, seconds: duration, ...why };
}
