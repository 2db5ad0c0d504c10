import { Inject, Injectable } from '@nestjs/common';
import { messageJson, type Send, type SendResult } from '@parley/contracts';
import { AppError, codePointLength, limits, messageSchema, type Ack } from '@parley/protocol';
import { RoomStore, type AcceptInput, type AcceptOutcome } from '@parley/redis';
import { v7 as uuidv7 } from 'uuid';
import { ArchiveRepository } from '../archive/archive.repository.js';
import { LOGIC_OPTIONS, type LogicOptions } from '../logic-options.js';
import { recentIdTimeMs } from './client-msg-id.js';
import { DirectRoomsService } from './direct-rooms.service.js';
import { bodyOf } from './message-body.js';
import { RoomAccessService } from './room-access.service.js';
import { RoomHeadsService } from './room-heads.service.js';
import { SendLimits } from './send-limits.js';

/** How often one send may be sent back by the accept script before it is given up: each answer is mended once. */
const MAX_TRIES = 5;

/** Accepts messages. Once a send is answered with an ack it is kept. */
@Injectable()
export class PublishService {
  private readonly limits: SendLimits;

  constructor(
    @Inject(LOGIC_OPTIONS) options: LogicOptions,
    @Inject(RoomAccessService) private readonly access: RoomAccessService,
    @Inject(RoomHeadsService) private readonly heads: RoomHeadsService,
    @Inject(DirectRoomsService) private readonly direct: DirectRoomsService,
    @Inject(RoomStore) private readonly store: RoomStore,
    @Inject(ArchiveRepository) private readonly archive: ArchiveRepository,
  ) {
    this.limits = new SendLimits(options.sendBurst, options.sendsPerSecond);
  }

  /** Accepts sends in their order; each has its own result. */
  async publishMany(sends: readonly Send[]): Promise<SendResult[]> {
    // Prepared first, all of them, so that the accepts below reach Redis in the order of the sends.
    const prepared = await Promise.all(sends.map((send) => this.prepare(send).catch(AppError.from)));
    return Promise.all(
      prepared.map(async (input): Promise<SendResult> => {
        try {
          if (input instanceof AppError) throw input;
          return { ok: true, ack: await this.accept(input) };
        } catch (cause) {
          const error = AppError.from(cause);
          return {
            ok: false,
            code: error.code,
            ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }),
          };
        }
      }),
    );
  }

  private async prepare(send: Send): Promise<AcceptInput> {
    if (codePointLength(send.text) > limits.maxTextCodePoints) throw new AppError('MESSAGE_TOO_LONG');
    const now = Date.now();
    const waitMs = this.limits.take(send.from.userId, now);
    if (waitMs > 0) throw new AppError('RATE_LIMITED', { retryAfterMs: waitMs });
    const conversation =
      send.toUserId === undefined ? undefined : await this.direct.between(send.from, send.toUserId);
    const roomId = conversation?.roomId ?? send.roomId ?? 0;
    const facts = conversation ?? (await this.access.authorize(send.from.userId, roomId));
    const id = uuidv7();
    return {
      roomId,
      senderId: send.from.userId,
      clientMsgId: send.clientMsgId,
      body: bodyOf(send, { roomId, toUserName: conversation?.peerName ?? '', id, sentAt: now }),
      text: send.text,
      id,
      sentAt: now,
      ...(facts.users && { recipients: facts.users }),
      clientMsgIdMs: recentIdTimeMs(send.clientMsgId, now) ?? -1,
    };
  }

  private async accept(input: AcceptInput): Promise<Ack> {
    let current = input;
    if (current.clientMsgIdMs < 0) {
      const known = await this.archived(current);
      if (known) return known;
      current = { ...current, clientMsgIdMs: 0 };
    }
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const outcome = await this.orUnavailable(this.store.accept(current));
      switch (outcome.kind) {
        case 'ok':
          this.heads.watch(input.roomId, outcome.seqsLeft);
          return ackOf(input, outcome, false);
        case 'duplicate':
          return this.repeat(input, outcome);
        case 'no-head':
          await this.orUnavailable(this.heads.ensure(input.roomId));
          break;
        case 'ceiling':
          await this.orUnavailable(this.heads.raise(input.roomId));
          break;
        case 'ask-archive': {
          const known = await this.archived(current);
          if (known) return known;
          current = { ...current, clientMsgIdMs: 0 };
          break;
        }
        case 'overloaded':
          throw new AppError('OVERLOADED', { retryAfterMs: 2_000 });
      }
    }
    throw new AppError('UNAVAILABLE', { context: { roomId: input.roomId } });
  }

  private repeat(input: AcceptInput, outcome: Extract<AcceptOutcome, { kind: 'duplicate' }>): Ack {
    if (!outcome.sameText) throw new AppError('IDEMPOTENCY_MISMATCH');
    return ackOf({ ...input, id: outcome.id, sentAt: outcome.sentAt }, outcome, true);
  }

  /** The first ack of a send that Redis has forgotten and SQL has not. */
  private async archived(input: AcceptInput): Promise<Ack | undefined> {
    const row = await this.orUnavailable(
      this.archive.findByClientMsgId(input.roomId, input.senderId, input.clientMsgId),
    );
    if (!row) return undefined;
    const message = messageSchema.parse(JSON.parse(messageJson(row)));
    if (message.msg !== input.text) throw new AppError('IDEMPOTENCY_MISMATCH');
    return ackOf({ ...input, id: message.id, sentAt: message.sentAt }, row, true);
  }

  private async orUnavailable<T>(promise: Promise<T>): Promise<T> {
    return promise.catch((cause: unknown) => {
      throw cause instanceof AppError ? cause : new AppError('UNAVAILABLE', { cause });
    });
  }
}

function ackOf(
  input: Pick<AcceptInput, 'roomId' | 'id' | 'clientMsgId' | 'sentAt'>,
  at: { readonly seq: number; readonly epoch: string },
  duplicate: boolean,
): Ack {
  const { roomId, id, clientMsgId, sentAt } = input;
  return { roomId, seq: at.seq, epoch: at.epoch, id, clientMsgId, sentAt, duplicate };
}
