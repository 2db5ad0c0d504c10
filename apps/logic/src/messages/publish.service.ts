import { Inject, Injectable } from '@nestjs/common';
import { newId, type Send, type SendResult } from '@parley/contracts';
import { AppError, codePointLength, limits, rankOf, type Ack } from '@parley/protocol';
import { DirectHints, RoomStore, type AcceptInput, type AcceptOutcome } from '@parley/redis';
import { TokenBuckets } from '@parley/service-host/rates';
import { LineService } from '../line/line.service.js';
import { LOGIC_OPTIONS, type LogicOptions } from '../logic-options.js';
import { AcceptSpans } from './accept-spans.js';
import { idTimeMs, looksForgotten } from './client-msg-id.js';
import { DirectRoomsService } from './direct-rooms.service.js';
import { bodyOf } from './message-body.js';
import { RoomAccessService } from './room-access.service.js';
import { RoomHeadsService } from './room-heads.service.js';
import { SentBeforeService, type SentMessage } from './sent-before.service.js';

/** How often one send may be sent back by the accept script before it is given up: each answer is mended once. */
const MAX_TRIES = 6;
const OVERLOADED_RETRY_MS = 2_000;

export interface PublishOptions {
  /** Sends that would keep others waiting are given back as `apart`. */
  readonly apart: boolean;
  /** The sends are for several rooms: those whose room would keep the others waiting are given back as `alone`. */
  readonly mixed?: boolean;
}

/** A send on its way: what of it goes to Redis, and its place in the call. */
interface Pending {
  readonly index: number;
  readonly input: AcceptInput;
}

/** Accepts messages. Once a send is answered with an ack it is kept. */
@Injectable()
export class PublishService {
  private readonly limits: TokenBuckets<number>;

  constructor(
    @Inject(LOGIC_OPTIONS) options: LogicOptions,
    @Inject(RoomAccessService) private readonly access: RoomAccessService,
    @Inject(RoomHeadsService) private readonly heads: RoomHeadsService,
    @Inject(DirectRoomsService) private readonly direct: DirectRoomsService,
    @Inject(RoomStore) private readonly store: RoomStore,
    @Inject(SentBeforeService) private readonly sentBefore: Pick<SentBeforeService, 'find'>,
    @Inject(LineService) private readonly line: Pick<LineService, 'proven' | 'redisNowMs'>,
    @Inject(DirectHints) private readonly hints: Pick<DirectHints, 'send'>,
  ) {
    this.limits = new TokenBuckets({ burst: options.sendBurst, perSecond: options.sendsPerSecond });
  }

  /** Accepts sends in their order; each has its own result. */
  async publishMany(
    sends: readonly Send[],
    options: PublishOptions = { apart: false },
  ): Promise<SendResult[]> {
    const spans = AcceptSpans.of(sends);
    const results = await this.publishAll(sends, options, spans);
    spans?.end(results);
    return results;
  }

  private async publishAll(
    sends: readonly Send[],
    { apart, mixed = false }: PublishOptions,
    spans: AcceptSpans | undefined,
  ): Promise<SendResult[]> {
    const results: SendResult[] = [];
    /** Whose sends wait: the later ones of the same sender do not overtake. */
    const waiting = new Set<number>();
    const prepared = await Promise.all(
      sends.map((send, index) => {
        if (apart && (waiting.has(send.from.userId) || this.waitsAlone(send))) {
          waiting.add(send.from.userId);
          results[index] = APART;
          return undefined;
        }
        return this.prepare(send, index, spans).catch(
          (cause: unknown) => void (results[index] = refusal(cause)),
        );
      }),
    );
    // Prepared first, all of them, so that the accepts below reach Redis in the order of the sends.
    let pending = prepared.filter((one) => one !== undefined);
    if (!apart) pending = await this.askArchive(pending, (input) => this.isForgotten(input), results);
    await this.acceptAll(pending, { apart, mixed }, results);
    return results;
  }

  /**
   * Accepts an act.
   *
   * @returns Its ack; undefined when the facts are not what it was made for.
   * @throws {AppError} Why it is refused.
   */
  async acceptAct(input: AcceptInput): Promise<Ack | undefined> {
    const results: SendResult[] = [];
    const one = { index: 0, input };
    const pending = await this.askArchive([one], (asked) => this.isForgotten(asked), results);
    await this.acceptAll(pending, { apart: false }, results);
    const [result] = results;
    if (result === CHANGED) return undefined;
    if (result?.ok) return result.ack;
    const { code = 'INTERNAL', retryAfterMs, until } = result ?? {};
    throw new AppError(code, {
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      ...(until !== undefined && { until }),
    });
  }

  private async acceptAll(
    sends: readonly Pending[],
    options: PublishOptions,
    results: SendResult[],
  ): Promise<void> {
    let pending = [...sends];
    for (let tries = 0; pending.length > 0 && tries < MAX_TRIES; tries++)
      pending = await this.acceptOnce(pending, options, results);
    for (const { index } of pending) results[index] = refusal(new AppError('UNAVAILABLE'));
  }

  /** Whether a send needs SQL, or probably will: it must not keep the rest of its room waiting. */
  private waitsAlone({ from, roomId, toUserId, clientMsgId }: Send): boolean {
    if (looksForgotten(idTimeMs(clientMsgId), this.line.redisNowMs())) return true;
    if (toUserId !== undefined) return !this.direct.knows(from.userId, toUserId);
    return !this.access.knows(roomId ?? 0, from.userId);
  }

  private isForgotten({ clientMsgIdMs }: AcceptInput): boolean {
    return looksForgotten(clientMsgIdMs, this.line.redisNowMs());
  }

  private async prepare(send: Send, index: number, spans: AcceptSpans | undefined): Promise<Pending> {
    if (codePointLength(send.text) > limits.maxTextCodePoints) throw new AppError('MESSAGE_TOO_LONG');
    const waitMs = this.limits.take(send.from.userId, 1, performance.now());
    if (waitMs > 0) throw new AppError('RATE_LIMITED', { retryAfterMs: waitMs });
    if (send.toUserId !== undefined && send.from.standing === 'guest') throw new AppError('FORBIDDEN');
    const now = Date.now();
    const conversation =
      send.toUserId === undefined ? undefined : await this.direct.between(send.from, send.toUserId);
    const roomId = conversation?.roomId ?? send.roomId ?? 0;
    const facts = conversation ?? (await this.access.authorize(send.from.userId, roomId));
    const id = newId();
    const traceparent = spans?.traceparentOf(index) ?? send.traceparent;
    const input = {
      roomId,
      senderId: send.from.userId,
      clientMsgId: send.clientMsgId,
      body: bodyOf(send, { roomId, toUserName: conversation?.peerName ?? '', id, sentAt: now }),
      text: send.text,
      rank: rankOf(send.from.standing ?? 'member'),
      id,
      sentAt: now,
      ...(facts.users && { recipients: facts.users }),
      ...(traceparent !== undefined && { traceparent }),
      clientMsgIdMs: idTimeMs(send.clientMsgId),
    };
    return { index, input };
  }

  /** One round: all of them to Redis in one turn, then what those need that were sent back. */
  private async acceptOnce(
    pending: readonly Pending[],
    { apart, mixed }: PublishOptions,
    results: SendResult[],
  ): Promise<Pending[]> {
    const outcomes = await this.store.acceptAll(pending.map(({ input }) => input));
    const again: (Pending & { readonly need: Promise<unknown> | undefined })[] = [];
    const needs = new Map<string, Promise<unknown>>();
    const ask = new Set<AcceptInput>();
    const waiting = new Set<number>();
    for (const [i, one] of pending.entries()) {
      const outcome = outcomes[i] ?? new AppError('INTERNAL');
      if (this.settle(one, outcome, results)) continue;
      if (!('kind' in outcome)) continue;
      const { roomId, senderId } = one.input;
      const isOld = outcome.kind === 'ask-archive' && outcome.scope === 'id';
      if (apart && (isOld || waiting.has(senderId))) {
        waiting.add(senderId);
        results[one.index] = APART;
        continue;
      }
      if (mixed) {
        results[one.index] = ALONE;
        continue;
      }
      let need: Promise<unknown> | undefined;
      if (outcome.kind === 'ask-archive') ask.add(one.input);
      else {
        const what = `${outcome.kind} ${roomId}`;
        need = needs.get(what) ?? this.mend(outcome, roomId);
        needs.set(what, need);
      }
      again.push({ ...one, need });
    }
    await Promise.allSettled(needs.values());
    const mended: Pending[] = [];
    for (const one of again)
      try {
        await one.need;
        mended.push(one);
      } catch (cause) {
        results[one.index] = refusal(unavailable(cause));
      }
    return this.askArchive(mended, (input) => ask.has(input), results);
  }

  /** Writes the result of a send that is done with; false when it has to be sent to Redis again. */
  private settle({ index, input }: Pending, outcome: AcceptOutcome | Error, results: SendResult[]): boolean {
    if (!('kind' in outcome)) results[index] = refusal(unavailable(outcome));
    else if (outcome.kind === 'ok') {
      this.heads.watch(input.roomId, outcome.seqsLeft);
      const { roomId, recipients, body, traceparent } = input;
      // Not waited for, and lost when it fails: a worker hands it over.
      if (recipients)
        void this.hints
          .send({
            ...{ roomId, seq: outcome.seq, epoch: outcome.epoch, recipients, body },
            ...(traceparent !== undefined && { traceparent }),
          })
          .catch(() => undefined);
      results[index] = { ok: true, ack: ackOf(input, outcome, false) };
    } else if (outcome.kind === 'duplicate')
      results[index] = outcome.sameText
        ? { ok: true, ack: ackOf({ ...input, id: outcome.id, sentAt: outcome.sentAt }, outcome, true) }
        : refusal(new AppError('IDEMPOTENCY_MISMATCH'));
    else if (outcome.kind === 'refused') results[index] = ruleRefusal(outcome);
    else if (outcome.kind === 'changed') results[index] = CHANGED;
    else if (outcome.kind === 'overloaded')
      results[index] = refusal(new AppError('OVERLOADED', { retryAfterMs: OVERLOADED_RETRY_MS }));
    else return false;
    return true;
  }

  /** What a room needs before Redis accepts for it. */
  private mend(outcome: AcceptOutcome, roomId: number): Promise<unknown> {
    if (outcome.kind === 'unproven') return this.line.proven();
    return outcome.kind === 'no-head' ? this.heads.ensure(roomId) : this.heads.raise(roomId);
  }

  /** Answers those that were accepted before, as far as Redis has forgotten and SQL has not; the rest goes on. */
  private async askArchive(
    pending: readonly Pending[],
    isAsked: (input: AcceptInput) => boolean,
    results: SendResult[],
  ): Promise<Pending[]> {
    const byRoom = new Map<number, AcceptInput[]>();
    for (const { input } of pending)
      if (isAsked(input)) byRoom.set(input.roomId, [...(byRoom.get(input.roomId) ?? []), input]);
    if (byRoom.size === 0) return [...pending];
    const answers = new Map<AcceptInput, SentMessage | AppError | undefined>();
    await Promise.all(
      [...byRoom].map(async ([roomId, inputs]) => {
        const found = await this.sentBefore
          .find(roomId, inputs)
          .catch((cause: unknown) => unavailable(cause));
        inputs.forEach((input, i) => answers.set(input, found instanceof AppError ? found : found[i]));
      }),
    );
    return pending.flatMap(({ index, input }) => {
      const answer = answers.get(input);
      if (answer === undefined)
        return { index, input: isAsked(input) ? { ...input, archiveAsked: true } : input };
      results[index] = answer instanceof AppError ? refusal(answer) : repeatOf(input, answer);
      return [];
    });
  }
}

/** Nothing was done with it: it is to be sent again alone. An edge that did not ask for this never gets it. */
const APART: SendResult = { ok: false, code: 'UNAVAILABLE', apart: true };
/** An act was made for other facts than there are. Nothing was done; nobody but the caller of `acceptAct` sees it. */
const CHANGED: SendResult = { ok: false, code: 'UNAVAILABLE' };
/** Likewise: its room is to be sent to in a call of its own. */
const ALONE: SendResult = { ok: false, code: 'UNAVAILABLE', alone: true };

function repeatOf(input: AcceptInput, message: SentMessage): SendResult {
  const isOther = message.msg !== undefined && message.msg !== input.text;
  if (isOther || message.isAct !== (input.act !== undefined))
    return refusal(new AppError('IDEMPOTENCY_MISMATCH'));
  return { ok: true, ack: ackOf({ ...input, id: message.id, sentAt: message.sentAt }, message, true) };
}

function unavailable(cause: unknown): AppError {
  return cause instanceof AppError ? cause : new AppError('UNAVAILABLE', { cause });
}

function refusal(cause: unknown): SendResult {
  const { code, retryAfterMs } = AppError.from(cause);
  return { ok: false, code, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

function ruleRefusal({ code, until, retryAfterMs }: Extract<AcceptOutcome, { kind: 'refused' }>): SendResult {
  return { ok: false, code, ...(until > 0 && { until }), ...(retryAfterMs > 0 && { retryAfterMs }) };
}

function ackOf(
  input: Pick<AcceptInput, 'roomId' | 'id' | 'clientMsgId' | 'sentAt'>,
  at: { readonly seq: number; readonly epoch: string },
  duplicate: boolean,
): Ack {
  const { roomId, id, clientMsgId, sentAt } = input;
  return { roomId, seq: at.seq, epoch: at.epoch, id, clientMsgId, sentAt, duplicate };
}
