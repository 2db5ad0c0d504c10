import { Inject, Injectable } from '@nestjs/common';
import { authorOf, logicRpc, type Identity } from '@parley/contracts';
import { actSchema, AppError, type Ack, type ActInput } from '@parley/protocol';
import { RpcClient } from '@parley/rpc';
import { idOf } from '../../http/idempotency-key.js';

/** Has `logic` do acts. */
@Injectable()
export class ActCalls {
  constructor(@Inject(RpcClient) private readonly rpc: Pick<RpcClient, 'call'>) {}

  /**
   * @param key - The request's `Idempotency-Key`, if it has one.
   * @throws {AppError} `INVALID` with the names of fields that do not go together; the refusal of the act.
   */
  async act(from: Identity, roomId: number, act: ActInput, key: string | undefined): Promise<Ack> {
    const parsed = actSchema.safeParse(act);
    if (!parsed.success)
      throw new AppError('INVALID', {
        fields: [...new Set(parsed.error.issues.map((i) => i.path.join('.')))],
      });
    return this.rpc.call(logicRpc.act, {
      from: authorOf(from),
      roomId,
      act: parsed.data,
      clientMsgId: idOf(key),
    });
  }
}
