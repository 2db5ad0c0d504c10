import { bytesOfText, countInCall, logicRpc, rpcLimits, type Send, type SendResult } from '@parley/contracts';
import { AppError } from '@parley/protocol';
import { ConversationOrder } from './conversation-order.js';
import type { CallOptions } from './rpc-client.js';
import type { RpcClient } from './rpc-client.js';

/** Sends waiting for an answer at the most; more are refused as `OVERLOADED`. */
const MAX_SENDS_IN_FLIGHT = 20_000;
/** Of these, sends that wait alone for SQL; more are refused as `OVERLOADED`. */
const MAX_SENDS_APART = 1_000;
const OVERLOADED_RETRY_MS = 1_000;

type Ack = Extract<SendResult, { ok: true }>['ack'];

interface Waiting {
  readonly send: Send;
  readonly resolve: (ack: Ack) => void;
  readonly reject: (error: AppError) => void;
}

interface Lane {
  readonly roomKey: string;
  /** Of one sender of the room, whose sends wait for what the others need not wait for. */
  readonly isApart: boolean;
  readonly queue: Waiting[];
}

/** What the coalescer needs of the RPC client. */
export type PublishPort = Pick<RpcClient, 'call'>;

/**
 * Turns the sends of one turn of the event loop into one `publishMany` per room key. Sends of one key keep their order:
 * a key's next call starts when the one before is answered. A conversation has one key, whichever way it is named.
 *
 * A send that `logic` gives back, because it would keep its room waiting, goes on alone, and with it what its sender sends
 * to the room until that is answered: his order is kept, and nobody else waits.
 */
export class PublishCoalescer {
  private readonly lanes = new Map<string, Lane>();
  private readonly order = new ConversationOrder();
  private inFlight = 0;
  private apart = 0;

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
    if (this.inFlight >= MAX_SENDS_IN_FLIGHT) return Promise.reject(overloaded());
    this.inFlight++;
    const go = (key: string) =>
      new Promise<Ack>((resolve, reject) => {
        const waiting = { send, resolve, reject };
        if (this.lanes.has(apartKey(key, send))) this.enqueueApart(key, waiting);
        else this.enqueue(key, key, false, waiting);
      });
    return this.order.run(send, go).finally(() => this.inFlight--);
  }

  private enqueue(key: string, roomKey: string, isApart: boolean, waiting: Waiting): void {
    let lane = this.lanes.get(key);
    if (!lane) {
      this.lanes.set(key, (lane = { roomKey, isApart, queue: [] }));
      setImmediate(() => void this.drain(key));
    }
    lane.queue.push(waiting);
  }

  private enqueueApart(roomKey: string, waiting: Waiting): void {
    if (this.apart >= MAX_SENDS_APART) {
      waiting.reject(overloaded());
      return;
    }
    this.apart++;
    const { send, resolve, reject } = waiting;
    this.enqueue(apartKey(roomKey, send), roomKey, true, {
      send,
      resolve: (ack) => {
        this.apart--;
        resolve(ack);
      },
      reject: (error) => {
        this.apart--;
        reject(error);
      },
    });
  }

  private async drain(key: string): Promise<void> {
    const lane = this.lanes.get(key);
    while (lane && lane.queue.length > 0) await this.callOnce(lane, takeCall(lane.queue));
    this.lanes.delete(key);
  }

  private async callOnce(lane: Lane, batch: readonly Waiting[]): Promise<void> {
    try {
      const { results } = await this.rpc.call(
        logicRpc.publishMany,
        { sends: batch.map(({ send }) => send), ...(!lane.isApart && { apart: true }) },
        { ...this.options, key: lane.roomKey },
      );
      const held = new Set<number>();
      batch.forEach((waiting, i) => {
        const result = results[i];
        if (result?.ok) waiting.resolve(result.ack);
        else if (result?.apart && !lane.isApart) {
          held.add(waiting.send.from.userId);
          this.enqueueApart(lane.roomKey, waiting);
        } else waiting.reject(errorOf(result));
      });
      if (held.size > 0) this.holdBack(lane, held);
    } catch (error) {
      for (const { reject } of batch) reject(AppError.from(error));
    }
  }

  /** What these senders have sent meanwhile must not overtake. */
  private holdBack(lane: Lane, senders: ReadonlySet<number>): void {
    for (const waiting of lane.queue.splice(0))
      if (senders.has(waiting.send.from.userId)) this.enqueueApart(lane.roomKey, waiting);
      else lane.queue.push(waiting);
  }
}

const overloaded = () => new AppError('OVERLOADED', { retryAfterMs: OVERLOADED_RETRY_MS });

function errorOf(result: Exclude<SendResult, { ok: true }> | undefined): AppError {
  const { code = 'INTERNAL', retryAfterMs } = result ?? {};
  return new AppError(code, retryAfterMs === undefined ? {} : { retryAfterMs });
}

const apartKey = (roomKey: string, { from }: Send) => `${roomKey}/${from.userId}`;

/** Takes from the front of a queue what one call may hold. */
function takeCall(queue: Waiting[]): Waiting[] {
  const most = { count: rpcLimits.maxSendsPerCall, bytes: rpcLimits.maxSendBytesPerCall };
  return queue.splice(
    0,
    countInCall(queue.length, (i) => bytesOfText(queue[i]?.send.text ?? ''), most),
  );
}
