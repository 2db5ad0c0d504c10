import { bytesOfText, countInCall, logicRpc, rpcLimits, type Send, type SendResult } from '@parley/contracts';
import { currentTraceparent, tracer } from '@parley/observability';
import { AppError } from '@parley/protocol';
import { ConversationOrder } from './conversation-order.js';
import type { CallOptions } from './rpc-client.js';
import type { RpcClient } from './rpc-client.js';

/** Sends waiting for an answer at the most; more are refused as `OVERLOADED`. */
const MAX_SENDS_IN_FLIGHT = 20_000;
/** Of these, sends that wait alone for SQL; more are refused as `OVERLOADED`. */
const MAX_SENDS_APART = 1_000;
const OVERLOADED_RETRY_MS = 1_000;

/** The metric of {@link PublishCoalescer}'s acknowledgements, the same at each edge. */
export const SEND_SECONDS = {
  name: 'parley_send_seconds',
  help: 'Sends from when this edge had them until they were acknowledged',
} as const;

type Ack = Extract<SendResult, { ok: true }>['ack'];

interface Waiting {
  readonly send: Send;
  readonly resolve: (ack: Ack) => void;
  readonly reject: (error: AppError) => void;
}

interface Lane {
  readonly key: string;
  readonly roomKey: string;
  /** Of one sender of the room, whose sends wait for what the others need not wait for. */
  readonly isApart: boolean;
  /** Its room has to be waited for: its next call is its own. */
  isAlone: boolean;
  readonly queue: Waiting[];
}

/** What one lane has in a call. */
interface Part {
  readonly lane: Lane;
  readonly batch: readonly Waiting[];
}

/** What the coalescer needs of the RPC client. */
export type PublishPort = Pick<RpcClient, 'call' | 'instanceFor'>;

/**
 * Turns the sends of one turn of the event loop into one `publishMany` per instance of `logic`. Sends of one room key keep
 * their order: a key's next call starts when the one before is answered. A conversation has one key, whichever way it is
 * named.
 *
 * What `logic` gives back, because it would keep others waiting, goes on by itself: a room that has to be waited for has a
 * call of its own; a send that its room would have to wait for goes alone, and with it what its sender sends to the room
 * until that is answered: his order is kept, and nobody else waits.
 */
export class PublishCoalescer {
  private readonly lanes = new Map<string, Lane>();
  /** Lanes that have something to send and no call under way. */
  private ready: Lane[] = [];
  private readonly order = new ConversationOrder();
  private inFlight = 0;
  private apart = 0;

  constructor(
    private readonly rpc: PublishPort,
    private readonly options: CallOptions = {},
    /** Told of each send that was acknowledged how long it took, seconds; see {@link SEND_SECONDS}. */
    private readonly onAcknowledged?: (seconds: number) => void,
  ) {}

  /**
   * Publishes one message.
   *
   * @throws {AppError} The refusal of this send, or the failure of the call; the outcome is then unknown, and the same
   *   `clientMsgId` may be sent again.
   */
  publish(asked: Send): Promise<Ack> {
    if (this.inFlight >= MAX_SENDS_IN_FLIGHT) return Promise.reject(overloaded());
    this.inFlight++;
    const startedAt = performance.now();
    const traceparent = currentTraceparent();
    const send = traceparent === undefined ? asked : { ...asked, traceparent };
    const go = (key: string) =>
      new Promise<Ack>((resolve, reject) => {
        const waiting = { send, resolve, reject };
        if (this.lanes.has(apartKey(key, send))) this.enqueueApart(key, waiting);
        else this.enqueue(key, key, false, waiting);
      });
    return this.order.run(send, go).then(
      (ack) => {
        this.inFlight--;
        this.onAcknowledged?.((performance.now() - startedAt) / 1_000);
        return ack;
      },
      (error: unknown) => {
        this.inFlight--;
        throw error;
      },
    );
  }

  private enqueue(key: string, roomKey: string, isApart: boolean, waiting: Waiting): void {
    let lane = this.lanes.get(key);
    if (!lane) {
      this.lanes.set(key, (lane = { key, roomKey, isApart, isAlone: false, queue: [] }));
      // At the end of the turn: what comes up in it shares a call.
      if (this.ready.length === 0) setImmediate(() => this.flush());
      this.ready.push(lane);
    }
    lane.queue.push(waiting);
  }

  private flush(): void {
    const lanes = this.ready;
    this.ready = [];
    this.send(lanes);
  }

  private send(lanes: readonly Lane[]): void {
    const together = new Map<string | undefined, Lane[]>();
    for (const lane of lanes) {
      if (lane.isApart || lane.isAlone) {
        void this.callOnce([{ lane, batch: takeCall(lane.queue, CALL) }]);
        continue;
      }
      const instanceId = this.rpc.instanceFor(logicRpc.publishMany, lane.roomKey);
      const others = together.get(instanceId);
      if (others) others.push(lane);
      else together.set(instanceId, [lane]);
    }
    for (const group of together.values()) for (const parts of calls(group)) void this.callOnce(parts);
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

  private async callOnce(parts: readonly Part[]): Promise<void> {
    const first = parts[0]?.lane;
    const isMixed = parts.length > 1;
    const sends = parts.flatMap(({ batch }) => batch.map(({ send }) => send));
    try {
      const { results } = await this.rpc.call(
        logicRpc.publishMany,
        {
          sends,
          ...(!first?.isApart && { apart: true }),
          ...(isMixed && { mixed: true }),
        },
        // All of them go to the instance that the first one goes to, and elsewhere together when it is lost.
        { ...this.options, ...(first && { key: first.roomKey }), ...partOf(sends) },
      );
      let at = 0;
      for (const { lane, batch } of parts) {
        this.settle(lane, batch, results.slice(at), isMixed);
        at += batch.length;
      }
    } catch (error) {
      for (const { batch } of parts) for (const { reject } of batch) reject(AppError.from(error));
    }
    const goOn = parts.map(({ lane }) => lane).filter(({ queue }) => queue.length > 0);
    for (const { lane } of parts) if (lane.queue.length === 0) this.lanes.delete(lane.key);
    this.send(goOn);
  }

  /** @param results - Those of this batch, and maybe more behind them. */
  private settle(
    lane: Lane,
    batch: readonly Waiting[],
    results: readonly SendResult[],
    isMixed: boolean,
  ): void {
    const held = new Set<number>();
    const back: Waiting[] = [];
    batch.forEach((waiting, i) => {
      const result = results[i];
      if (result?.ok) waiting.resolve(result.ack);
      else if (result?.alone && isMixed) back.push(waiting);
      else if (result?.apart && !lane.isApart) {
        held.add(waiting.send.from.userId);
        this.enqueueApart(lane.roomKey, waiting);
      } else waiting.reject(errorOf(result));
    });
    lane.isAlone = back.length > 0;
    lane.queue.unshift(...back);
    if (held.size > 0) this.holdBack(lane, held);
  }

  /** What these senders have sent meanwhile must not overtake. */
  private holdBack(lane: Lane, senders: ReadonlySet<number>): void {
    for (const waiting of lane.queue.splice(0))
      if (senders.has(waiting.send.from.userId)) this.enqueueApart(lane.roomKey, waiting);
      else lane.queue.push(waiting);
  }
}

/** A call is of the first trace that one of its sends is part of; whatever it happens to be made in is another send's. */
function partOf(sends: readonly Send[]): Pick<CallOptions, 'traceparent'> | undefined {
  if (!tracer()) return undefined;
  return { traceparent: sends.find(({ traceparent }) => traceparent !== undefined)?.traceparent ?? '' };
}

const overloaded = () => new AppError('OVERLOADED', { retryAfterMs: OVERLOADED_RETRY_MS });

function errorOf(result: Exclude<SendResult, { ok: true }> | undefined): AppError {
  const { code = 'INTERNAL', retryAfterMs, until } = result ?? {};
  return new AppError(code, {
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(until !== undefined && { until }),
  });
}

const apartKey = (roomKey: string, { from }: Send) => `${roomKey}/${from.userId}`;

/** What one call may hold. */
interface Room {
  readonly count: number;
  readonly bytes: number;
}
const CALL: Room = { count: rpcLimits.maxSendsPerCall, bytes: rpcLimits.maxSendBytesPerCall };

const bytesOf = ({ send }: Waiting) => bytesOfText(send.text);

/** Takes from the front of a queue what a call still has room for. */
function takeCall(queue: Waiting[], room: Room): Waiting[] {
  return queue.splice(
    0,
    countInCall(queue.length, (i) => (queue[i] ? bytesOf(queue[i]) : 0), room),
  );
}

/** Shares lanes out among calls; each is in one of them, with as much of its queue as that still holds. */
function* calls(lanes: readonly Lane[]): Iterable<Part[]> {
  let parts: Part[] = [];
  let { count, bytes } = CALL;
  for (const lane of lanes) {
    const batch = takeCall(lane.queue, { count, bytes });
    parts.push({ lane, batch });
    count -= batch.length;
    bytes -= batch.reduce((sum, waiting) => sum + bytesOf(waiting), 0);
    if (count > 0 && bytes > 0) continue;
    yield parts;
    parts = [];
    ({ count, bytes } = CALL);
  }
  if (parts.length > 0) yield parts;
}
