import { ClientRedis, type ReadPacket, type WritePacket } from '@nestjs/microservices';
import { AppError } from '@parley/protocol';
import type { RedisConnection, RedisConnections, RedisKeys } from '@parley/redis';
import { Outbox, replyEnvelopeSchema, splitPackets, type RequestEnvelope } from './envelope.js';

/**
 * Calls of one process that may wait for a reply at once. Judgement: far above what a process has waiting when others
 * answer (`PublishCoalescer` puts up to 512 sends into a call), and some tens of megabytes when nobody answers.
 */
const MAX_CALLS_WAITING = 10_000;
/** When a refused call may be tried again, milliseconds. */
const OVERLOADED_RETRY_MS = 1_000;

export interface DirectRedisClientOptions {
  /** Calls that may wait for a reply at once; one more is refused as `OVERLOADED`. @defaultValue 10_000 */
  readonly maxCallsWaiting?: number;
}

/** A call's address and deadline, sent as the packet's data by {@link RpcClient}. */
export interface DirectCall {
  readonly service: string;
  readonly instanceId: string;
  readonly data: unknown;
  readonly expiresAt: number;
  readonly correlationId: string | undefined;
}

/**
 * Nest's Redis client, addressed: a request goes to one instance's channel and its reply comes back on this process's
 * own. A channel that nobody listens to fails at once instead of hanging.
 */
export class DirectRedisClient extends ClientRedis {
  private subscriber: RedisConnection | undefined;
  private opening: Promise<void> | undefined;
  private readonly outbox: Outbox;
  private readonly maxCallsWaiting: number;
  private nextId = 0;

  constructor(
    private readonly connections: RedisConnections,
    private readonly keys: RedisKeys,
    private readonly instanceId: string,
    options: DirectRedisClientOptions = {},
  ) {
    super({});
    this.maxCallsWaiting = options.maxCallsWaiting ?? MAX_CALLS_WAITING;
    this.outbox = new Outbox((channel, text) => connections.main.publish(channel, text));
  }

  /** Calls waiting for a reply. */
  get pending(): number {
    return this.routingMap.size;
  }

  /** No further call is taken until one has ended. */
  get isFull(): boolean {
    return this.routingMap.size >= this.maxCallsWaiting;
  }

  override connect(): Promise<void> {
    return (this.opening ??= this.open());
  }

  override async close(): Promise<void> {
    this.subscriber?.disconnect();
    this.handleClose();
  }

  protected override publish(
    packet: ReadPacket<DirectCall>,
    callback: (packet: WritePacket) => void,
  ): () => void {
    const { service, instanceId, data, expiresAt, correlationId } = packet.data;
    if (this.isFull) {
      const context = { service, instanceId, waiting: this.pending };
      callback({
        err: new AppError('OVERLOADED', { context, retryAfterMs: OVERLOADED_RETRY_MS }),
        isDisposed: true,
      });
      return () => undefined;
    }
    const id = `${this.instanceId}/${++this.nextId}`;
    const envelope: RequestEnvelope = {
      pattern: String(packet.pattern),
      data,
      id,
      replyTo: this.instanceId,
      expiresAt,
      ...(correlationId !== undefined && { correlationId }),
    };
    this.routingMap.set(id, callback);
    const undelivered = (cause?: Error) => {
      if (!this.routingMap.delete(id)) return;
      callback({
        err: new AppError('UNAVAILABLE', { context: { service, instanceId }, cause }),
        isDisposed: true,
      });
    };
    this.outbox.send(this.keys.rpcRequests(service, instanceId), JSON.stringify(envelope), undelivered);
    return () => this.routingMap.delete(id);
  }

  private async open(): Promise<void> {
    const channel = this.keys.rpcReplies(this.instanceId);
    const subscriber = this.connections.createSubscriber('rpc-client');
    this.subscriber = subscriber;
    subscriber.on('message', (_channel: string, text: string) => {
      for (const packet of splitPackets(text)) this.receive(packet);
    });
    let first = true;
    subscriber.on('ready', () => {
      if (!first) void subscriber.subscribe(channel).catch(() => undefined);
      first = false;
    });
    await subscriber.subscribe(channel);
  }

  private receive(packet: string): void {
    let value: unknown;
    try {
      value = JSON.parse(packet);
    } catch {
      return;
    }
    const parsed = replyEnvelopeSchema.safeParse(value);
    if (!parsed.success) return;
    const { id, err, response } = parsed.data;
    const callback = this.routingMap.get(id);
    this.routingMap.delete(id);
    callback?.({ err, response, isDisposed: true });
  }
}
