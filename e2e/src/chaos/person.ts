import {
  ApiError,
  newClientMsgId,
  ParleyClient,
  type ParleyApi,
  type PendingSend,
  type SendResult,
  type Transport,
} from '@parley/client';
import type { Message, User } from '@parley/protocol';
import type { HistoryChecker } from '@parley/testing';
import { setTimeout as pause } from 'node:timers/promises';
import type { Tally } from './tally.js';

/** What a person needs. */
export interface PersonOptions {
  readonly clientId: string;
  readonly user: User;
  readonly token: string;
  readonly roomIds: readonly number[];
  readonly transport: Transport;
  /** The user's API, at another address for every call. */
  readonly api: () => ParleyApi;
  readonly checker: HistoryChecker;
  readonly tally: () => Tally;
  readonly random: () => number;
}

/** How long a send over HTTP is repeated, milliseconds: as long as a client repeats one over a socket. */
const HTTP_DEADLINE_MS = 120_000;
const HTTP_RETRY_MS = 200;

let said = 0;

/** Somebody with a client, in some rooms. Everything sent, answered and shown goes to the history checker. */
export class Person {
  readonly client: ParleyClient;
  lastReceiptAt = performance.now();

  constructor(private readonly options: PersonOptions) {
    const { transport, token, random } = options;
    this.client = new ParleyClient({
      transport,
      getToken: () => token,
      backoff: { minMs: 100, maxMs: 2_000 },
      random,
    });
    this.client.on('message', (message) => this.received(message));
    this.client.on('epoch', ({ roomId, previous }) =>
      options.checker.epochEnded({ clientId: options.clientId, roomId, epoch: previous }),
    );
    this.client.on('gaveUp', ({ what }) => {
      if (what === 'messages') options.tally().gaveUp++;
    });
  }

  get user(): User {
    return this.options.user;
  }

  get roomIds(): readonly number[] {
    return this.options.roomIds;
  }

  /** Connects; resolves when it is in all its rooms. */
  async enter(): Promise<void> {
    const { checker, clientId } = this.options;
    this.client.connect();
    for (const roomId of this.roomIds) {
      const { seq, epoch } = await this.client.join(roomId);
      checker.joined({ clientId, roomId, seq, epoch });
    }
  }

  /** Goes, with everything that was shown so far to its name and nothing more. */
  async leave(): Promise<void> {
    const { checker, clientId } = this.options;
    for (const roomId of this.roomIds) checker.left({ clientId, roomId });
    await this.client.close();
  }

  /** The last seq shown of a room; 0 before the first. */
  seq(roomId: number): number {
    return this.client.position(roomId)?.seq ?? 0;
  }

  /** Says something over the socket. */
  say(roomId: number): Promise<SendResult> {
    return this.record(roomId, (text) => this.client.send(roomId, text));
  }

  /** Says something over HTTP, through whichever gateway-api answers. */
  post(roomId: number): Promise<SendResult> {
    return this.record(roomId, (text) => {
      const clientMsgId = newClientMsgId();
      return { clientMsgId, result: this.postUntilSettled(roomId, text, clientMsgId) };
    });
  }

  /** Notes how long nothing was shown. @param nowMs - Of `performance.now()`, like all times here: it is never set. */
  noteGap(nowMs: number): void {
    const tally = this.options.tally();
    tally.longestGapMs = Math.max(tally.longestGapMs, Math.round(nowMs - this.lastReceiptAt));
  }

  private async record(roomId: number, send: (text: string) => PendingSend): Promise<SendResult> {
    const { checker, clientId, user, tally } = this.options;
    const content = `message ${++said} of ${clientId}`;
    // Before it goes out, as the checker wants it.
    const sentAtMs = performance.now();
    const { clientMsgId, result: pending } = send(content);
    const about = { clientId, roomId, clientMsgId, senderId: user.userId };
    checker.sent({ ...about, content, atMs: sentAtMs });
    const result = await pending;
    const atMs = performance.now();
    if (result.status === 'acked') {
      tally().acked++;
      checker.acked({ ...about, seq: result.ack.seq, epoch: result.ack.epoch, atMs });
    } else if (result.status === 'refused') {
      tally().refused++;
      checker.refused({ ...about, atMs });
    } else tally().gaveUp++;
    return result;
  }

  private async postUntilSettled(roomId: number, text: string, idempotencyKey: string): Promise<SendResult> {
    const deadline = performance.now() + HTTP_DEADLINE_MS;
    for (;;) {
      try {
        const ack = await this.options.api().send(roomId, text, { idempotencyKey });
        return { status: 'acked', ack: { ...ack, op: 22 } };
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (!error.retryable) {
          const { code, message } = error;
          return { status: 'refused', error: { op: 23, code, message, retryable: false } };
        }
        if (performance.now() > deadline) return { status: 'gave-up', reason: 'SEND_DEADLINE' };
        await pause(error.problem?.retryAfterMs ?? HTTP_RETRY_MS);
      }
    }
  }

  private received(message: Message): void {
    const { checker, clientId, tally } = this.options;
    const atMs = performance.now();
    this.noteGap(atMs);
    this.lastReceiptAt = atMs;
    tally().received++;
    checker.received({ clientId, ...receiptOf(message), atMs });
  }
}

/** What of a message is compared: the number, the sender, both ids and the text. */
export function receiptOf(message: Message) {
  const { roomId, seq, epoch, clientMsgId, id, msg, fromUserId } = message;
  return { roomId, seq, epoch, clientMsgId, id, content: msg, senderId: fromUserId };
}
