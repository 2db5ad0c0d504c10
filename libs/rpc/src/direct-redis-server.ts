import { RedisContext, ServerRedis } from '@nestjs/microservices';
import { runInSpan, tracer, type TraceSpan } from '@parley/observability';
import { AppError } from '@parley/protocol';
import { keepSubscribed, type RedisConnection, type RedisConnections, type RedisKeys } from '@parley/redis';
import { isObservable, lastValueFrom } from 'rxjs';
import type { CallObserver } from './call-observer.js';
import {
  MAX_PACKET_BYTES,
  Outbox,
  requestEnvelopeSchema,
  splitPackets,
  type ReplyEnvelope,
  type RequestEnvelope,
} from './envelope.js';
import type { LinkFolder } from './links/link-folder.js';
import { LinkListener } from './links/link-listener.js';
import type { Link } from './links/link.js';
import { RequestDelays } from './request-delay.js';
import { encodeError } from './rpc-error.js';

/**
 * Requests handled at once. Judgement: about what logic answers within half a deadline, so that a longer queue would
 * only grow old; with the longest texts some 100 MB. Gateways are far below: each task-worker has one `deliver` under way.
 */
const MAX_REQUESTS_IN_HAND = 5_000;
/** When a refused request may be tried again, milliseconds. */
const OVERLOADED_RETRY_MS = 1_000;
const DRAIN_POLL_MS = 10;

export interface DirectRedisServerOptions {
  readonly connections: RedisConnections;
  readonly keys: RedisKeys;
  readonly service: string;
  readonly instanceId: string;
  /** Where callers of this machine link up with it. @defaultValue all requests come through Redis */
  readonly links?: LinkFolder | undefined;
  /** Runs a handler with the caller's correlation id. */
  readonly withCorrelationId?: <T>(id: string, fn: () => T) => T;
  readonly onError?: (error: unknown, pattern: string) => void;
  /** Requests handled at once; one more is answered `OVERLOADED` without being run. @defaultValue 5_000 */
  readonly maxRequestsInHand?: number;
  /** A request came so late that its caller had given up; it was answered `DEADLINE_EXCEEDED` and not run. */
  readonly onExpired?: () => void;
  /** Told of every request that has been answered. */
  readonly onHandled?: CallObserver;
  /** Monotonic clock, milliseconds. */
  readonly now?: () => number;
}

/**
 * Nest's Redis transport, addressed to one instance: this server listens on its own channel only, so a request runs
 * once, however many instances there are. Replies go to the caller's own channel. Where both are on one machine, requests and
 * replies take a {@link Link} and leave Redis alone.
 *
 * Handlers are ordinary `@MessagePattern` controllers.
 *
 * @see docs/adr/0002-instance-addressed-rpc.md
 * @see docs/adr/0020-links-on-one-machine.md
 */
export class DirectRedisServer extends ServerRedis {
  private subscriber: RedisConnection | undefined;
  private listener: LinkListener | undefined;
  private readonly outbox: Outbox<string | Link>;
  private readonly delays = new RequestDelays();
  private inFlight = 0;

  constructor(private readonly direct: DirectRedisServerOptions) {
    super({});
    this.outbox = new Outbox((to, text) =>
      typeof to === 'string' ? direct.connections.main.publish(to, text) : to.send(text),
    );
  }

  /** Requests being handled now. */
  get load(): number {
    return this.inFlight;
  }

  /**
   * Stops taking requests and finishes those in hand. From then on a call finds nobody listening, fails at once at its
   * caller and, if it is idempotent, goes to another instance: without this, what arrives while a process closes would
   * wait for its deadline.
   *
   * @param withinMs - What is not answered by then stays unanswered.
   */
  async drain(withinMs: number): Promise<void> {
    const { connections, keys, service, instanceId } = this.direct;
    const endsAt = performance.now() + withinMs;
    const until = async (isSo: () => boolean) => {
      while (!isSo() && performance.now() < endsAt)
        await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
    };
    const { listener } = this;
    listener?.leave();
    await this.subscriber?.unsubscribe(keys.rpcRequests(service, instanceId));
    // In this order: who has said goodbye sends nothing more.
    await until(() => !listener?.isAsked && this.inFlight === 0);
    // Replies leave at the end of the turn, on this connection; what is answered after them means that they are out.
    await new Promise((resolve) => setImmediate(resolve));
    listener?.finish();
    await connections.main.ping();
    await until(() => !listener?.isLinked);
  }

  override async listen(callback: (error?: unknown, ...rest: unknown[]) => void): Promise<void> {
    try {
      const channel = this.direct.keys.rpcRequests(this.direct.service, this.direct.instanceId);
      const subscriber = this.direct.connections.createSubscriber('rpc-server');
      this.subscriber = subscriber;
      subscriber.on('message', (_channel: string, text: string) => {
        for (const packet of splitPackets(text)) void this.receive(packet);
      });
      // Requests lost meanwhile failed at their callers.
      await keepSubscribed(subscriber, [channel], (error) => this.direct.onError?.(error, 'subscribe'));
      await this.listenForLinks(channel);
      callback();
    } catch (error) {
      callback(error);
    }
  }

  override async close(): Promise<void> {
    this.listener?.close();
    this.subscriber?.disconnect();
  }

  private async listenForLinks(channel: string): Promise<void> {
    const { links, onError } = this.direct;
    if (!links) return;
    try {
      this.listener = await LinkListener.listen(
        links,
        channel,
        (packet, link) => void this.receive(packet, link),
      );
    } catch (error) {
      // All of them come through Redis then.
      onError?.(error, 'link');
    }
  }

  /** @param link - What it came by, and its answer goes by; without one it came through Redis. */
  private async receive(packet: string, link?: Link): Promise<void> {
    const parsed = requestEnvelopeSchema.safeParse(parseJson(packet));
    if (!parsed.success) return this.direct.onError?.(parsed.error, 'envelope');
    const { pattern, data, id, replyTo, correlationId, traceparent } = parsed.data;
    const startedAt = performance.now();
    const to = link ?? this.direct.keys.rpcReplies(replyTo);
    const reply = (envelope: ReplyEnvelope) => this.reply(to, envelope, pattern);
    const expired = this.expired(parsed.data);
    if (expired) {
      this.direct.onExpired?.();
      this.direct.onError?.(expired, 'expired');
      this.handled(pattern, startedAt, expired.code);
      return reply({ id, err: encodeError(expired), isDisposed: true });
    }
    if (this.inFlight >= (this.direct.maxRequestsInHand ?? MAX_REQUESTS_IN_HAND)) {
      const context = { inHand: this.inFlight };
      const error = new AppError('OVERLOADED', { context, retryAfterMs: OVERLOADED_RETRY_MS });
      this.direct.onError?.(error, 'overloaded');
      this.handled(pattern, startedAt, error.code);
      return reply({ id, err: encodeError(error), isDisposed: true });
    }
    const run = async () => {
      // Not by `getHandlerByPattern`, which tries to read the name as JSON first, and throws inside each time.
      const handler = this.messageHandlers.get(pattern);
      if (!handler) throw new AppError('UNAVAILABLE', { context: { pattern } });
      const result: unknown = await handler(data, new RedisContext([pattern]));
      return isObservable(result) ? await lastValueFrom(result, { defaultValue: undefined }) : result;
    };
    const span = traceparent === undefined ? undefined : this.spanOf(pattern, traceparent);
    const runTraced = span ? () => runInSpan(span, run) : run;
    this.inFlight++;
    let outcome = 'ok';
    try {
      const response = await (correlationId && this.direct.withCorrelationId
        ? this.direct.withCorrelationId(correlationId, runTraced)
        : runTraced());
      reply({ id, response, isDisposed: true });
    } catch (cause) {
      const error = AppError.from(cause);
      outcome = error.code;
      if (error.code === 'INTERNAL') this.direct.onError?.(cause, pattern);
      reply({ id, err: encodeError(error), isDisposed: true });
    } finally {
      this.inFlight--;
      span?.end(outcome === 'ok' ? undefined : outcome);
      this.handled(pattern, startedAt, outcome);
    }
  }

  private spanOf(pattern: string, traceparent: string): TraceSpan | undefined {
    return tracer()?.child(this.methodOf(pattern), 'server', traceparent);
  }

  private handled(pattern: string, startedAt: number, outcome: string): void {
    this.direct.onHandled?.(this.methodOf(pattern), (performance.now() - startedAt) / 1_000, outcome);
  }

  /** A name from the wire must not become a metric's. */
  private methodOf(pattern: string): string {
    return this.messageHandlers.has(pattern) ? pattern : 'unknown';
  }

  /** Nobody waits any more for what was under way for too long; running it could only surprise. */
  private expired({ leftMs, sentAtMs, clock, pattern }: RequestEnvelope): AppError | undefined {
    if (leftMs === undefined || sentAtMs === undefined || clock === undefined) return undefined;
    const nowMs = (this.direct.now ?? (() => performance.now()))();
    const lateMs = this.delays.arrived(clock, sentAtMs, nowMs);
    if (lateMs <= leftMs) return undefined;
    return new AppError('DEADLINE_EXCEEDED', { context: { pattern, lateMs: Math.round(lateMs) } });
  }

  private reply(to: string | Link, envelope: ReplyEnvelope, pattern: string): void {
    let text = JSON.stringify(envelope);
    if (Buffer.byteLength(text) > MAX_PACKET_BYTES) {
      const error = new AppError('INTERNAL', { context: { pattern, bytes: Buffer.byteLength(text) } });
      this.direct.onError?.(error, 'reply too large');
      text = JSON.stringify({ id: envelope.id, err: encodeError(error), isDisposed: true });
    }
    this.outbox.send(to, text);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
