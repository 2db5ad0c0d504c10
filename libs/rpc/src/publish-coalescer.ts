import { logicRpc, rpcLimits, type Send, type SendResult } from '@parley/contracts';
import { AppError } from '@parley/protocol';
import type { CallOptions } from './rpc-client.js';
import type { RpcClient } from './rpc-client.js';

/** Sends waiting for an answer at the most; more are refused as `OVERLOADED`. */
const MAX_SENDS_IN_FLIGHT = 20_000;

type Ack = Extract<SendResult, { ok: true }>['ack'];

interface Waiting {
  readonly send: Send;
  readonly resolve: (ack: Ack) => void;
  readonly reject: (error: AppError) => void;
}

/** What the coalescer needs of the RPC client. */
export type PublishPort = Pick<RpcClient, 'call'>;

/**
 * Turns the sends of one turn of the event loop into one `publishMany` per room key. Sends of one key keep their order:
 * a key's next call starts when the one before is answered.
 */
export class PublishCoalescer {
  private readonly lanes = new Map<string, { queue: Waiting[]; busy: boolean }>();
  private inFlight = 0;

  constructor(
    private readonly rpc: PublishPort,
    private readonly options: CallOptions = {},
  ) {}

  /**
   * Publishes one message.
   *
   * @throws {AppError} The refusal of this send, or the failure of the call; the outcome is then unknown, and the same
   *   `clientMsgId` may be sent again.
   */
  publish(send: Send): Promise<Ack> {
    if (this.inFlight >= MAX_SENDS_IN_FLIGHT)
      return Promise.reject(new AppError('OVERLOADED', { retryAfterMs: 1_000 }));
    const key = laneKey(send);
    let lane = this.lanes.get(key);
    if (!lane) this.lanes.set(key, (lane = { queue: [], busy: false }));
    const { queue } = lane;
    this.inFlight++;
    const result = new Promise<Ack>((resolve, reject) => queue.push({ send, resolve, reject }));
    if (!lane.busy) {
      lane.busy = true;
      setImmediate(() => void this.drain(key));
    }
    return result.finally(() => this.inFlight--);
  }

  private async drain(key: string): Promise<void> {
    const lane = this.lanes.get(key);
    while (lane && lane.queue.length > 0)
      await this.callOnce(key, lane.queue.splice(0, rpcLimits.maxSendsPerCall));
    this.lanes.delete(key);
  }

  private async callOnce(key: string, batch: readonly Waiting[]): Promise<void> {
    try {
      const { results } = await this.rpc.call(
        logicRpc.publishMany,
        { sends: batch.map(({ send }) => send) },
        { ...this.options, key },
      );
      batch.forEach(({ resolve, reject }, i) => {
        const result = results[i];
        if (result?.ok) resolve(result.ack);
        else
          reject(
            new AppError(
              result?.code ?? 'INTERNAL',
              result?.retryAfterMs === undefined ? {} : { retryAfterMs: result.retryAfterMs },
            ),
          );
      });
    } catch (error) {
      for (const { reject } of batch) reject(AppError.from(error));
    }
  }
}

/** One room, one key, whichever way it is named; a conversation is named by its two users. */
function laneKey({ roomId, toUserId, from }: Send): string {
  if (roomId !== undefined) return String(roomId);
  return `direct:${Math.min(from.userId, toUserId ?? 0)}:${Math.max(from.userId, toUserId ?? 0)}`;
}
