import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { RpcContract, RpcRequest, RpcResponse } from '@parley/contracts';
import { currentTraceparent, tracer, type TraceSpan } from '@parley/observability';
import { AppError } from '@parley/protocol';
import { byKey, roundRobin, REGISTRY, type Instance, type Picker, type Registry } from '@parley/registry';
import type { CallObserver } from './call-observer.js';
import { DirectRedisClient, NotBegun, type DirectCall } from './direct-redis-client.js';
import { LookAgain } from './look-again.js';
import { decodeError } from './rpc-error.js';

export interface CallOptions {
  /** Calls with one key go to one instance while the list stays. Without it, instances take turns. */
  readonly key?: string | number;
  /** Calls exactly this instance; it is never tried elsewhere. */
  readonly target?: string;
  /** What the call is part of, or '' for nothing. @defaultValue the current span */
  readonly traceparent?: string;
  /** Overrides the contract's deadline, milliseconds. */
  readonly deadlineMs?: number;
}

/** Where the correlation id of outgoing calls comes from. */
export const CORRELATION_ID = Symbol('CORRELATION_ID');
/** Injection token of the {@link CallObserver}. */
export const CALL_OBSERVER = Symbol('CALL_OBSERVER');

/** A call that takes longer than its share of the deadline leaves time for the second try. */
const FIRST_TRY_SHARE = 0.5;

/**
 * Calls other services by contract.
 *
 * Every call ends by its deadline. An idempotent one that meets a dead, silent or overloaded instance is tried once
 * more, on another instance. One that nobody was there to begin goes on to the next instance, whatever it does, until
 * somebody is. Where nobody is listed, the list is read once more. Responses are validated.
 */
@Injectable()
export class RpcClient implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly turns = new Map<string, Picker>();
  private readonly again: LookAgain;

  constructor(
    private readonly client: DirectRedisClient,
    @Inject(REGISTRY) private readonly registry: Registry,
    @Inject(CORRELATION_ID) private readonly correlationId: () => string | undefined,
    @Inject(CALL_OBSERVER) private readonly onCalled: CallObserver,
  ) {
    this.again = new LookAgain(registry);
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.client.connect();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.client.close();
  }

  /**
   * Calls one instance of the contract's service.
   *
   * @throws {AppError} `UNAVAILABLE` no instance, or it is gone; `DEADLINE_EXCEEDED`; `OVERLOADED` too many calls wait
   *   here (nothing was sent) or are in the callee's hands; `PAYLOAD_TOO_LARGE` the request cannot be sent; or the
   *   callee's own code.
   */
  async call<C extends RpcContract>(
    contract: C,
    request: RpcRequest<C>,
    options: CallOptions = {},
  ): Promise<RpcResponse<C>> {
    const startedAt = performance.now();
    const span = spanOf(contract, options);
    let outcome = 'ok';
    try {
      return await this.callOn(contract, request, options, span?.traceparent);
    } catch (error) {
      outcome = AppError.from(error).code;
      throw error;
    } finally {
      span?.end(outcome === 'ok' ? undefined : outcome);
      this.onCalled(contract.pattern, (performance.now() - startedAt) / 1_000, outcome);
    }
  }

  /** The instance that a call with this key would go to now; undefined when there is none. */
  instanceFor({ service }: Pick<RpcContract, 'service'>, key: string | number): string | undefined {
    return this.pick(service, key)?.instanceId;
  }

  private async callOn<C extends RpcContract>(
    contract: C,
    request: RpcRequest<C>,
    { target, key, deadlineMs = contract.deadlineMs }: CallOptions,
    traceparent: string | undefined,
  ): Promise<RpcResponse<C>> {
    const endsAtMs = performance.now() + deadlineMs;
    let instanceId =
      target ??
      (this.pick(contract.service, key) ?? (await this.pickAnew(contract.service, key)))?.instanceId;
    if (instanceId === undefined)
      throw new AppError('UNAVAILABLE', { context: { service: contract.service } });
    const tried = new Set<string>();
    let mayRepeat = contract.idempotent && target === undefined;
    for (;;) {
      const leftMs = endsAtMs - performance.now();
      const waitMs = mayRepeat ? Math.min(leftMs, deadlineMs * FIRST_TRY_SHARE) : leftMs;
      try {
        return await this.send(contract, request, instanceId, endsAtMs, waitMs, traceparent);
      } catch (error) {
        if (target !== undefined || performance.now() >= endsAtMs) throw error;
        const isBegun = !(error instanceof NotBegun);
        const code = error instanceof AppError ? error.code : undefined;
        const lost = code === 'UNAVAILABLE' || code === 'DEADLINE_EXCEEDED';
        // Before another one is picked: a refusal must not take anybody's turn.
        if (isBegun && !(mayRepeat && (lost || code === 'OVERLOADED'))) throw error;
        tried.add(instanceId);
        // After a crash the lists hold, for as long as leases last, instances that nobody will hear from again.
        let other = this.pick(contract.service, key, tried)?.instanceId;
        if (!isBegun) other ??= (await this.pickAnew(contract.service, key, tried))?.instanceId;
        if (!isBegun && other !== undefined) {
          instanceId = other;
          continue;
        }
        if (!mayRepeat) throw error;
        // Another instance may have room. The busy one itself, or a process that has too many calls out, has not.
        if (!lost && (other === undefined || this.client.isFull)) throw error;
        mayRepeat = false;
        // Alone, the same instance may have been slow or just back: worth the rest of the deadline.
        instanceId = other ?? instanceId;
      }
    }
  }

  private async send<C extends RpcContract>(
    contract: C,
    request: RpcRequest<C>,
    instanceId: string,
    endsAtMs: number,
    waitMs: number,
    traceparent: string | undefined,
  ): Promise<RpcResponse<C>> {
    const context = { service: contract.service, instanceId, pattern: contract.pattern };
    const call: DirectCall = {
      service: contract.service,
      instanceId,
      data: request,
      endsAtMs,
      replyBytes: contract.replyBytes?.(request as never) ?? 0,
      correlationId: this.correlationId(),
      ...(traceparent !== undefined && { traceparent }),
    };
    const { reply, giveUp } = this.client.ask(contract.pattern, call);
    let timer: NodeJS.Timeout | undefined;
    let response: unknown;
    try {
      response = await new Promise((resolve, reject: (error: unknown) => void) => {
        timer = setTimeout(() => reject(new AppError('DEADLINE_EXCEEDED', { context })), waitMs);
        reply.then(resolve, (error: unknown) => reject(decodeError(error)));
      });
    } finally {
      clearTimeout(timer);
      giveUp();
    }
    const parsed = contract.response.safeParse(response);
    if (!parsed.success)
      throw new AppError('INTERNAL', { cause: parsed.error, context: { pattern: contract.pattern } });
    return parsed.data as RpcResponse<C>;
  }

  /** Picks from a list read anew. */
  private async pickAnew(
    service: string,
    key: string | number | undefined,
    not?: ReadonlySet<string>,
  ): Promise<Instance | undefined> {
    await this.again.at(service);
    return this.pick(service, key, not);
  }

  /** A ready instance, or a draining one when there is no other: it still answers until it is gone. */
  private pick(
    service: string,
    key: string | number | undefined,
    not?: ReadonlySet<string>,
  ): Instance | undefined {
    const known = this.registry
      .list(service)
      .filter(({ instanceId, state }) => !not?.has(instanceId) && state !== 'starting');
    const ready = known.filter(({ state }) => state === 'ready');
    const candidates = ready.length > 0 ? ready : known;
    if (key !== undefined) return byKey(candidates, String(key));
    let turn = this.turns.get(service);
    if (!turn) this.turns.set(service, (turn = roundRobin()));
    return turn(candidates);
  }
}

/** A call is a span of its own when it is part of a trace. */
function spanOf({ pattern }: RpcContract, { traceparent }: CallOptions): TraceSpan | undefined {
  const spans = tracer();
  if (!spans) return undefined;
  const parent = traceparent ?? currentTraceparent();
  return parent ? spans.child(pattern, 'client', parent) : undefined;
}
