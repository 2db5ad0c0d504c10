import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { standingOf, logicRpc, type Identity } from '@parley/contracts';
import {
  auditPageSchema,
  auditQuerySchema,
  idField,
  originalSchema,
  restrictionsSchema,
  roomStateAnswerSchema,
  type AuditPage,
  type Original,
  type Restrictions,
} from '@parley/protocol';
import { RpcClient } from '@parley/rpc';
import type { z } from 'zod';
import { Caller, ForGuests } from '../../auth/access.decorators.js';
import { ApiRoute } from '../../docs/api-route.decorator.js';
import { ZodPipe } from '../../http/zod.pipe.js';

/** What is known of a room: its state, and for hosts who is restricted, who did what, and deleted texts. */
@Controller('v1/rooms/:id')
export class RecordsController {
  constructor(@Inject(RpcClient) private readonly rpc: Pick<RpcClient, 'call'>) {}

  @ForGuests('room')
  @Get('state')
  @ApiRoute({
    summary: 'What holds in a room, for me',
    tag: 'hosting',
    response: roomStateAnswerSchema,
    params: { id: 1 },
  })
  state(
    @Caller() caller: Identity,
    @Param('id', new ZodPipe(idField, 'id')) roomId: number,
  ): Promise<z.infer<typeof roomStateAnswerSchema>> {
    return this.rpc.call(logicRpc.roomState, { userId: caller.userId, roomId, standing: standingOf(caller) });
  }

  @Get('bans')
  @ApiRoute({
    summary: 'Who is banned or may not write, by whom, and until when',
    tag: 'hosting',
    response: restrictionsSchema,
    params: { id: 1 },
  })
  bans(
    @Caller() { userId }: Identity,
    @Param('id', new ZodPipe(idField, 'id')) roomId: number,
  ): Promise<Restrictions> {
    return this.rpc.call(logicRpc.restrictions, { userId, roomId });
  }

  @Get('audit')
  @ApiRoute({
    summary: 'Who did what, the newest first',
    tag: 'hosting',
    query: auditQuerySchema,
    response: auditPageSchema,
    params: { id: 1 },
  })
  audit(
    @Caller() { userId }: Identity,
    @Param('id', new ZodPipe(idField, 'id')) roomId: number,
    @Query(new ZodPipe(auditQuerySchema)) query: z.output<typeof auditQuerySchema>,
  ): Promise<AuditPage> {
    return this.rpc.call(logicRpc.audit, { userId, roomId, ...query });
  }

  @Get('messages/:seq/original')
  @ApiRoute({
    summary: 'A message as it was sent, deleted or not',
    tag: 'hosting',
    response: originalSchema,
    params: { id: 1, seq: 1 },
  })
  original(
    @Caller() { userId }: Identity,
    @Param('id', new ZodPipe(idField, 'id')) roomId: number,
    @Param('seq', new ZodPipe(idField, 'seq')) seq: number,
  ): Promise<Original> {
    return this.rpc.call(logicRpc.original, { userId, roomId, seq });
  }
}
