import { Body, Controller, Delete, Headers, HttpCode, Inject, Param, Patch, Post, Put } from '@nestjs/common';
import type { Identity } from '@parley/contracts';
import {
  ackSchema,
  announcementBodySchema,
  hideBodySchema,
  idField,
  pinBodySchema,
  restoreBodySchema,
  settingsBodySchema,
  shieldBodySchema,
  unshieldBodySchema,
  type Ack,
} from '@parley/protocol';
import type { z } from 'zod';
import { Caller, ForGuests } from '../../auth/access.decorators.js';
import { ApiRoute } from '../../docs/api-route.decorator.js';
import { ZodPipe } from '../../http/zod.pipe.js';
import { ActCalls } from './act-calls.js';

/** A message's number in an address. */
const seqParam = idField;

/** What hosts do to a room and its messages. */
@Controller('v1/rooms/:id')
export class RoomActsController {
  constructor(@Inject(ActCalls) private readonly acts: Pick<ActCalls, 'act'>) {}

  @HttpCode(200)
  @Patch('settings')
  @ApiRoute({
    summary: 'Who may write, slow mode, and when the room opens and closes',
    tag: 'hosting',
    body: settingsBodySchema,
    example: { mode: 'members', slowModeWaitTime: 5 },
    response: ackSchema,
    params: { id: 1 },
    idempotent: true,
  })
  settings(
    @Caller() from: Identity,
    @Param('id', new ZodPipe(idField, 'id')) roomId: number,
    @Headers('idempotency-key') key: string | undefined,
    @Body(new ZodPipe(settingsBodySchema)) body: z.output<typeof settingsBodySchema>,
  ): Promise<Ack> {
    return this.acts.act(from, roomId, { act: 'settings', ...body }, key);
  }

  @ForGuests('room')
  @HttpCode(200)
  @Delete('messages/:seq')
  @ApiRoute({
    summary: 'Delete a message: my own for a while, others as a host',
    tag: 'hosting',
    response: ackSchema,
    params: { id: 1, seq: 1 },
    idempotent: true,
  })
  remove(
    @Caller() from: Identity,
    @Param('id', new ZodPipe(idField, 'id')) roomId: number,
    @Param('seq', new ZodPipe(seqParam, 'seq')) seq: number,
    @Headers('idempotency-key') key: string | undefined,
  ): Promise<Ack> {
    return this.acts.act(from, roomId, { act: 'delete', seq }, key);
  }

  @HttpCode(200)
  @Post('messages/hide')
  @ApiRoute({
    summary: 'Delete several messages: a range, or what somebody wrote in the last seconds',
    tag: 'hosting',
    body: hideBodySchema,
    example: { from: 1, to: 3 },
    response: ackSchema,
    params: { id: 1 },
    idempotent: true,
  })
  hide(
    @Caller() from: Identity,
    @Param('id', new ZodPipe(idField, 'id')) roomId: number,
    @Headers('idempotency-key') key: string | undefined,
    @Body(new ZodPipe(hideBodySchema)) body: z.output<typeof hideBodySchema>,
  ): Promise<Ack> {
    return this.acts.act(from, roomId, { act: 'delete', ...body }, key);
  }

  @HttpCode(200)
  @Post('messages/restore')
  @ApiRoute({
    summary: 'Show deleted messages again',
    tag: 'hosting',
    body: restoreBodySchema,
    example: { seq: 1 },
    response: ackSchema,
    params: { id: 1 },
    idempotent: true,
  })
  restore(
    @Caller() from: Identity,
    @Param('id', new ZodPipe(idField, 'id')) roomId: number,
    @Headers('idempotency-key') key: string | undefined,
    @Body(new ZodPipe(restoreBodySchema)) body: z.output<typeof restoreBodySchema>,
  ): Promise<Ack> {
    return this.acts.act(from, roomId, { act: 'restore', ...body }, key);
  }

  @HttpCode(200)
  @Post('announcements')
  @ApiRoute({
    summary: 'Say something that stands out',
    tag: 'hosting',
    body: announcementBodySchema,
    example: { msg: 'We begin' },
    response: ackSchema,
    params: { id: 1 },
    idempotent: true,
  })
  announce(
    @Caller() from: Identity,
    @Param('id', new ZodPipe(idField, 'id')) roomId: number,
    @Headers('idempotency-key') key: string | undefined,
    @Body(new ZodPipe(announcementBodySchema)) body: z.output<typeof announcementBodySchema>,
  ): Promise<Ack> {
    return this.acts.act(from, roomId, { act: 'announce', ...body }, key);
  }

  @HttpCode(200)
  @Put('pins/:seq')
  @ApiRoute({
    summary: 'Keep a message in sight',
    tag: 'hosting',
    body: pinBodySchema,
    example: {},
    response: ackSchema,
    params: { id: 1, seq: 1 },
    idempotent: true,
  })
  pin(
    @Caller() from: Identity,
    @Param('id', new ZodPipe(idField, 'id')) roomId: number,
    @Param('seq', new ZodPipe(seqParam, 'seq')) seq: number,
    @Headers('idempotency-key') key: string | undefined,
    @Body(new ZodPipe(pinBodySchema)) body: z.output<typeof pinBodySchema>,
  ): Promise<Ack> {
    return this.acts.act(from, roomId, { act: 'pin', seq, ...body }, key);
  }

  @HttpCode(200)
  @Delete('pins/:seq')
  @ApiRoute({
    summary: 'Take a message out of sight',
    tag: 'hosting',
    response: ackSchema,
    params: { id: 1, seq: 1 },
    idempotent: true,
  })
  unpin(
    @Caller() from: Identity,
    @Param('id', new ZodPipe(idField, 'id')) roomId: number,
    @Param('seq', new ZodPipe(seqParam, 'seq')) seq: number,
    @Headers('idempotency-key') key: string | undefined,
  ): Promise<Ack> {
    return this.acts.act(from, roomId, { act: 'unpin', seq }, key);
  }

  @HttpCode(200)
  @Put('shield')
  @ApiRoute({
    summary: 'Hosts only, and what others wrote in the last seconds is hidden',
    tag: 'hosting',
    body: shieldBodySchema,
    example: { hideLastSeconds: 60 },
    response: ackSchema,
    params: { id: 1 },
    idempotent: true,
  })
  panic(
    @Caller() from: Identity,
    @Param('id', new ZodPipe(idField, 'id')) roomId: number,
    @Headers('idempotency-key') key: string | undefined,
    @Body(new ZodPipe(shieldBodySchema)) body: z.output<typeof shieldBodySchema>,
  ): Promise<Ack> {
    return this.acts.act(from, roomId, { act: 'panic', ...body }, key);
  }

  @HttpCode(200)
  @Delete('shield')
  @ApiRoute({
    summary: 'Take the shield away: the settings from before, and with restore the messages',
    tag: 'hosting',
    body: unshieldBodySchema,
    example: { restore: true },
    response: ackSchema,
    params: { id: 1 },
    idempotent: true,
  })
  calm(
    @Caller() from: Identity,
    @Param('id', new ZodPipe(idField, 'id')) roomId: number,
    @Headers('idempotency-key') key: string | undefined,
    @Body(new ZodPipe(unshieldBodySchema)) body: z.output<typeof unshieldBodySchema>,
  ): Promise<Ack> {
    return this.acts.act(from, roomId, { act: 'calm', ...body }, key);
  }
}
