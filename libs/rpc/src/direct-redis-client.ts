import { ClientRedis, type ReadPacket, type WritePacket } from '@nestjs/microservices';
import { AppError } from '@parley/protocol';
import { keepSubscribed, type RedisConnection, type RedisConnections, type RedisKeys } from '@parley/redis';
import { randomUUID } from 'node:crypto';
import { ByteWindow } from './byte-window.js';
import {
  MAX_PACKET_BYTES,
  Outbox,
  replyEnvelopeSchema,
  splitPackets,
  type RequestEnvelope,
} from './envelope.js';
import { LinkDialer } from './links/link-dialer.js';
import type { LinkFolder } from './links/link-folder.js';
import { GOODBYE, type Link } from './links/link.js';

/**
 * Calls of one process that may wait for a reply at once. Judgement: far above what a process has waiting when others
 * answer (`PublishCoalescer` puts up to 512 sends into a call), and some tens of megabytes when nobody answers.
 */
const MAX_CALLS_WAITING = 10_000;
/** Bytes of the requests that may wait for a reply, or for their turn, at once. */
const MAX_BYTES_WAITING = 64 * 1024 * 1024;
/**
 * Bytes of requests under way from here to one instance; the next ones wait their turn. Judgement: thirty callers' worth
 * does not come near what Redis lets wait for a subscriber that stands still (32 MB).
 */
const MAX_BYTES_UNDER_WAY = 1024 * 1024;
/** Bytes of replies that may be on their way here, as far as contracts announce them; further calls wait their turn. */
const MAX_REPLY_BYTES_UNDER_WAY = 8 * 1024 * 1024;
/** When a refused call may be tried again, milliseconds. */
const OVERLOADED_RETRY_MS = 1_000;

/** Nobody listened when a request was sent: it was not begun, so it may be made elsewhere, whatever it does. */
export class NotBegun extends AppError {
  constructor(context: { readonly service?: string; readonly instanceId: string }) {
    super('UNAVAILABLE', { context });
  }
}

export interface DirectRedisClientOptions {
  /** Calls that may wait for a reply at once; one more is refused as `OVERLOADED`. @defaultValue 10_000 */
  readonly maxCallsWaiting?: number;
  /** Bytes of their requests; one more is refused as `OVERLOADED`. @defaultValue 64 MiB */
  readonly maxBytesWaiting?: number;
  /** Bytes under way to one instance; the next call waits its turn. @defaultValue 1 MiB */
  readonly maxBytesUnderWay?: number;
  /** Where callees of this machine are linked up with. @defaultValue all requests go through Redis */
  readonly links?: LinkFolder | undefined;
}

/** A call's address and deadline, sent as the packet's data by {@link RpcClient}. */
export interface DirectCall {
  readonly service: string;
  readonly instanceId: string;
  readonly data: unknown;
  /** When the caller stops waiting, by this process's monotonic clock, milliseconds. */
  readonly endsAtMs: number;
  /** Bytes that the reply may have; 0 when it is small. */
  readonly replyBytes: number;
  readonly correlationId: string | undefined;
  readonly traceparent?: string | undefined;
}

/**
 * Nest's Redis client, addressed: a request goes to one instance's channel and its reply comes back on this process's
 * own. A channel that nobody listens to fails at once instead of hanging. Where both are on one machine, they take a
 * {@link Link} and leave Redis alone; what it leaves unanswered when it ends fails at once.
 */
export class DirectRedisClient extends ClientRedis {
  private subscriber: RedisConnection | undefined;
  private opening: Promise<void> | undefined;
  private readonly outbox: Outbox<string | Link>;
  private readonly dialer: LinkDialer | undefined;
  private readonly maxCallsWaiting: number;
  private readonly maxBytesWaiting: number;
  private readonly windows = new Map<string, ByteWindow>();
  private readonly replies = new ByteWindow(MAX_REPLY_BYTES_UNDER_WAY);
  private readonly maxBytesUnderWay: number;
  /** Names the clock of this life of this process. */
  private readonly clock = randomUUID();
  private bytesWaiting = 0;
  private nextId = 0;
  /** How often the connection that requests leave by was made. */
  private lives = 0;

  constructor(
    private readonly connections: RedisConnections,
    private readonly keys: RedisKeys,
    private readonly instanceId: string,
    options: DirectRedisClientOptions = {},
  ) {
    super({});
    this.maxCallsWaiting = options.maxCallsWaiting ?? MAX_CALLS_WAITING;
    this.maxBytesWaiting = options.maxBytesWaiting ?? MAX_BYTES_WAITING;
    this.maxBytesUnderWay = options.maxBytesUnderWay ?? MAX_BYTES_UNDER_WAY;
    this.outbox = new Outbox((to, text) =>
      typeof to === 'string' ? this.publishOnce(to, text) : to.send(text),
    );
    this.dialer =
      options.links &&
      new LinkDialer(options.links, {
        onPacket: (packet) => this.receive(packet),
        // Behind what has been given to it.
        onGoodbye: (link) => this.outbox.send(link, GOODBYE),
      });
  }

  /** Calls waiting for a reply. */
  get pending(): number {
    return this.routingMap.size;
  }

  /** Callees that are called over a link now. */
  get links(): number {
    return this.dialer?.open ?? 0;
  }

  /** No further call is taken until one has ended. */
  get isFull(): boolean {
    return this.routingMap.size >= this.maxCallsWaiting || this.bytesWaiting >= this.maxBytesWaiting;
  }

  override connect(): Promise<void> {
    return (this.opening ??= this.open());
  }

  override async close(): Promise<void> {
    this.dialer?.close();
    this.subscriber?.disconnect();
    this.handleClose();
  }

  /**
   * Sends a request: Nest's `send` without the observables, of which a call of ours needs none.
   *
   * @returns The reply, which rejects with what the callee or the way to it refused; and how to stop waiting for it.
   */
  ask(pattern: string, call: DirectCall): { readonly reply: Promise<unknown>; readonly giveUp: () => void } {
    let stop: (() => void) | undefined;
    let isOver = false;
    const giveUp = () => {
      isOver = true;
      stop?.();
    };
    const reply = this.connect().then(
      () =>
        new Promise((resolve, reject: (error: unknown) => void) => {
          if (isOver) return;
          stop = this.publish({ pattern, data: call }, ({ err, response }: WritePacket) => {
            if (err === undefined || err === null) resolve(response);
            else reject(err);
            giveUp();
          });
          // A refusal comes before there is anything to stop.
          if (isOver) stop();
        }),
    );
    return { reply, giveUp };
  }

  protected override publish(
    packet: ReadPacket<DirectCall>,
    callback: (packet: WritePacket) => void,
  ): () => void {
    const { service, instanceId, data, endsAtMs, replyBytes, correlationId, traceparent } = packet.data;
    const refuse = (error: AppError) => {
      callback({ err: error, isDisposed: true });
      return () => undefined;
    };
    if (this.isFull) {
      const context = { service, instanceId, waiting: this.pending, bytes: this.bytesWaiting };
      return refuse(new AppError('OVERLOADED', { context, retryAfterMs: OVERLOADED_RETRY_MS }));
    }
    const id = `${this.instanceId}/${++this.nextId}`;
    const envelope: RequestEnvelope = {
      pattern: String(packet.pattern),
      data,
      id,
      replyTo: this.instanceId,
      ...(correlationId !== undefined && { correlationId }),
      ...(traceparent !== undefined && { traceparent }),
    };
    const text = JSON.stringify(envelope);
    const bytes = Buffer.byteLength(text);
    if (bytes > MAX_PACKET_BYTES)
      return refuse(
        new AppError('PAYLOAD_TOO_LARGE', { context: { service, bytes, pattern: envelope.pattern } }),
      );
    this.routingMap.set(id, callback);
    this.bytesWaiting += bytes;
    const undelivered = (cause?: Error) => {
      if (!this.routingMap.delete(id)) return;
      const context = { service, instanceId };
      // A request whose sending failed may have been heard all the same.
      const err = cause ? new AppError('UNAVAILABLE', { context, cause }) : new NotBegun(context);
      callback({ err, isDisposed: true });
    };
    const channel = this.keys.rpcRequests(service, instanceId);
    let link: Link | undefined;
    const leave = () => {
      link = this.dialer?.to(channel);
      link?.unanswered.set(id, undelivered);
      // How long it may still take is known when it leaves, which may be later than now.
      this.outbox.send(link ?? channel, withTimes(text, this.clock, endsAtMs), undelivered);
    };
    const end = this.takeWindows(channel, bytes, replyBytes, leave);
    let ended = false;
    return () => {
      this.routingMap.delete(id);
      link?.unanswered.delete(id);
      if (ended) return;
      ended = true;
      this.bytesWaiting -= bytes;
      end();
    };
  }

  /** Lets a request leave when there is room for it at its callee, and for its reply here. */
  private takeWindows(channel: string, bytes: number, replyBytes: number, leave: () => void): () => void {
    let endRequest: () => void = () => undefined;
    const request = () => {
      let window = this.windows.get(channel);
      if (!window) this.windows.set(channel, (window = new ByteWindow(this.maxBytesUnderWay)));
      endRequest = window.take(bytes, leave);
    };
    // What has a small reply does not queue behind those that read pages.
    const endReply = replyBytes > 0 ? this.replies.take(replyBytes, request) : request();
    return () => {
      endReply?.();
      endRequest();
      if (this.windows.get(channel)?.isIdle) this.windows.delete(channel);
    };
  }

  /** Throws instead of 0 when the connection was made anew meanwhile: what was sent again may have been heard the first time. */
  private async publishOnce(channel: string, text: string): Promise<number> {
    const { lives } = this;
    const receivers = await this.connections.main.publish(channel, text);
    if (receivers === 0 && lives !== this.lives) throw new Error('sent over two connections');
    return receivers;
  }

  private async open(): Promise<void> {
    this.connections.main.on('ready', () => this.lives++);
    const channel = this.keys.rpcReplies(this.instanceId);
    const subscriber = this.connections.createSubscriber('rpc-client');
    this.subscriber = subscriber;
    subscriber.on('message', (_channel: string, text: string) => {
      for (const packet of splitPackets(text)) this.receive(packet);
    });
    await keepSubscribed(subscriber, [channel]);
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

/** Completes a request's JSON with what is known when it leaves. */
function withTimes(text: string, clock: string, endsAtMs: number): string {
  const sentAtMs = performance.now();
  const leftMs = Math.max(0, endsAtMs - sentAtMs);
  // The wall clock is for callees of 0.1, which refuse a request without it.
  const times = { leftMs, sentAtMs, clock, expiresAt: Date.now() + leftMs };
  return `${JSON.stringify(times).slice(0, -1)},${text.slice(1)}`;
}
