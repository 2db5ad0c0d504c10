import { Body, Controller, Get, HttpCode, Inject, Param, Patch, Post } from '@nestjs/common';
import { logicRpc, type Identity } from '@parley/contracts';
import {
  doorChangeSchema,
  doorKeySchema,
  doorSettingsSchema,
  idField,
  joinedByDoorSchema,
  type DoorSettings,
  type JoinedByDoor,
} from '@parley/protocol';
import { RpcClient } from '@parley/rpc';
import type { z } from 'zod';
import { Caller } from '../../auth/access.decorators.js';
import { ApiRoute } from '../../docs/api-route.decorator.js';
import { FromCaller, type PasswordCaller } from '../../http/caller-address.js';
import { RateLimits } from '../../http/rate-limits.js';
import { ZodPipe } from '../../http/zod.pipe.js';

/** Private rooms, and coming into them with an account. */
@Controller('v1/rooms')
export class DoorController {
  constructor(
    @Inject(RpcClient) private readonly rpc: Pick<RpcClient, 'call'>,
    @Inject(RateLimits) private readonly limits: Pick<RateLimits, 'roomCode'>,
  ) {}

  @HttpCode(200)
  @Post('join')
  @ApiRoute({
    summary: 'Come into a room by an invitation, or by its code, with its password if it has one',
    tag: 'door',
    body: doorKeySchema,
    example: { invite: 'the-secret-of-an-invitation' },
    response: joinedByDoorSchema,
  })
  join(
    @Caller() { userId, userName }: Identity,
    @FromCaller() { address }: PasswordCaller,
    @Body(new ZodPipe(doorKeySchema)) by: z.output<typeof doorKeySchema>,
  ): Promise<JoinedByDoor> {
    const ask = () => this.rpc.call(logicRpc.joinByDoor, { userId, userName, by, address });
    return by.code === undefined ? ask() : this.limits.roomCode({ address, userId }, by.code, ask);
  }

  @Get(':id/door')
  @ApiRoute({
    summary: 'Whether the room is listed, has a password, and its code',
    tag: 'door',
    response: doorSettingsSchema,
    params: { id: 1 },
  })
  settings(
    @Caller() { userId }: Identity,
    @Param('id', new ZodPipe(idField, 'id')) roomId: number,
  ): Promise<DoorSettings> {
    return this.rpc.call(logicRpc.doorSettings, { userId, roomId });
  }

  @Patch(':id/door')
  @ApiRoute({
    summary: 'As an owner, take the room out of the lists, give it a password or a code',
    tag: 'door',
    body: doorChangeSchema,
    example: { listed: false, code: true },
    response: doorSettingsSchema,
    params: { id: 1 },
  })
  change(
    @Caller() { userId, userName }: Identity,
    @Param('id', new ZodPipe(idField, 'id')) roomId: number,
    @Body(new ZodPipe(doorChangeSchema)) change: z.output<typeof doorChangeSchema>,
  ): Promise<DoorSettings> {
    return this.rpc.call(logicRpc.changeDoor, { userId, userName, roomId, ...change });
  }
}
