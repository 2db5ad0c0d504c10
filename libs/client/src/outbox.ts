import { errorCatalog, Op, type AckFrame, type ErrorCode, type ErrorFrame } from '@parley/protocol';
import type { Backoff } from './backoff.js';
import type { GiveUpReason, PendingSend, SendResult } from './client-events.js';
import { localError, refusalOf } from './local-refusal.js';
import { SendLane, type OutboxEntry, type SendTarget } from './send-lane.js';

/** Sends kept at once, queued and in flight, over all rooms. */
const MAX_PENDING = 1_000;
/** The longest wait for an answer before a send goes out again. It doubles from `sendTimeoutMs` up to here. */
const MAX_ANSWER_WAIT_MS = 30_000;
/** A socket that holds more than this does not lack a second copy of a send, bytes. Chosen by judgement. */
const RESEND_BELOW_BYTES = 65_536;

/** What the outbox needs and whom it tells. */
export interface OutboxPorts {
  /** Why nothing is sent any more; undefined while it is. */
  ended(): GiveUpReason | undefined;
  /** Whether sends to this target may go out on the present connection. */
  ready(target: SendTarget): boolean;
  transmit(entry: OutboxEntry): void;
  bufferedBytes(): number;
  /** A send has had no answer in time, on a connection that takes what it is given. */
  overdue(): void;
  nextRef(): number;
  refused(clientMsgId: string, error: ErrorFrame): void;
  gaveUp(entry: { readonly clientMsgId: string; readonly target: SendTarget }, reason: GiveUpReason): void;
  readonly backoff: Backoff;
  readonly now: () => number;
  readonly sendTimeoutMs: number;
  readonly sendDeadlineMs: number;
}

/** Keeps every send until it is acknowledged, refused or given up; sends it as often as that takes. */
export class Outbox {
  readonly #ports: OutboxPorts;
  readonly #lanes = new Map<string, SendLane>();
  readonly #byId = new Map<string, OutboxEntry>();
  #sweepTimer: ReturnType<typeof setInterval> | undefined;

  constructor(ports: OutboxPorts) {
    this.#ports = ports;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** @returns The send that is already under way, when this is the same one again. Settled soon if it cannot be taken. */
  add(target: SendTarget, text: string, clientMsgId: string): PendingSend {
    const code = refusalOf(text, clientMsgId);
    // What no server takes is not sent: a frame above the limit would cost the connection.
    if (code) {
      return settledHere(clientMsgId, () => {
        const error = refusalHere(code, clientMsgId);
        this.#ports.refused(clientMsgId, error);
        return { status: 'refused', error };
      });
    }
    const endReason = this.#ports.ended();
    if (endReason) return settledHere(clientMsgId, () => ({ status: 'gave-up', reason: endReason }));
    const known = this.#byId.get(clientMsgId);
    if (known?.text === text && laneKey(known.target) === laneKey(target)) return known.pending;
    if (known) {
      // No event: it would be taken for an answer to the send that is under way with this id.
      const error = refusalHere('IDEMPOTENCY_MISMATCH', clientMsgId);
      return settledHere(clientMsgId, () => ({ status: 'refused', error }));
    }
    if (this.#byId.size >= MAX_PENDING) {
      return settledHere(clientMsgId, () => {
        this.#ports.gaveUp({ clientMsgId, target }, 'QUEUE_FULL');
        return { status: 'gave-up', reason: 'QUEUE_FULL' };
      });
    }
    let settle!: (result: SendResult) => void;
    const result = new Promise<SendResult>((resolve) => (settle = resolve));
    const lane = this.#laneFor(target);
    const entry: OutboxEntry = {
      clientMsgId,
      target,
      text,
      ref: this.#ports.nextRef(),
      pending: { clientMsgId, result },
      settle,
      queuedAtMs: this.#ports.now(),
      inFlight: false,
      refused: false,
      resendAtMs: 0,
      timeouts: 0,
    };
    this.#byId.set(clientMsgId, entry);
    lane.add(entry);
    this.#sweepTimer ??= setInterval(() => this.#sweep(), sweepEveryMs(this.#ports.sendTimeoutMs));
    lane.pump();
    return entry.pending;
  }

  /** @returns The send that this settled; undefined for a second ack of one. */
  acked(ack: AckFrame): OutboxEntry | undefined {
    const entry = this.#byId.get(ack.clientMsgId);
    if (entry) this.#settle(entry, { status: 'acked', ack }, true);
    return entry;
  }

  /** Takes back a send that is not settled. It may have been accepted all the same. */
  withdraw(clientMsgId: string): void {
    const entry = this.#byId.get(clientMsgId);
    if (entry) this.#settle(entry, { status: 'gave-up', reason: 'WITHDRAWN' });
  }

  /** The send that an error frame answers, if any. */
  find({ clientMsgId, ref }: ErrorFrame): OutboxEntry | undefined {
    if (clientMsgId !== undefined) return this.#byId.get(clientMsgId);
    return ref === undefined ? undefined : [...this.#byId.values()].find((entry) => entry.ref === ref);
  }

  /** @param retryable - Not always the frame's own: the client knows when it will be joined again. */
  refusedBy(entry: OutboxEntry, frame: ErrorFrame, retryable: boolean): void {
    if (retryable) return this.#laneFor(entry.target).retryLater(entry, frame.retryAfterMs);
    this.#settle(entry, { status: 'refused', error: frame });
    this.#ports.refused(entry.clientMsgId, frame);
  }

  /** Sends what may go now: after a join, or when the connection opened. */
  pumpAll(): void {
    for (const lane of this.#lanes.values()) lane.pump();
  }

  /** What was in flight may be lost; it goes out again, first and in order, with the same ids. */
  offline(): void {
    for (const lane of this.#lanes.values()) lane.requeue();
  }

  /** Gives everything up. */
  end(reason: GiveUpReason): void {
    for (const entry of [...this.#byId.values()]) this.#giveUp(entry, reason);
  }

  #giveUp(entry: OutboxEntry, reason: GiveUpReason): void {
    this.#settle(entry, { status: 'gave-up', reason });
    this.#ports.gaveUp(entry, reason);
  }

  #settle(entry: OutboxEntry, result: SendResult, accepted = false): void {
    this.#byId.delete(entry.clientMsgId);
    const key = laneKey(entry.target);
    const lane = this.#lanes.get(key);
    lane?.remove(entry, accepted);
    if (lane?.size === 0) {
      lane.stop();
      this.#lanes.delete(key);
    }
    if (this.#byId.size === 0) {
      clearInterval(this.#sweepTimer);
      this.#sweepTimer = undefined;
    }
    entry.settle(result);
    lane?.pump();
  }

  #laneFor(target: SendTarget): SendLane {
    const key = laneKey(target);
    let lane = this.#lanes.get(key);
    if (!lane) {
      const { ready, transmit, backoff } = this.#ports;
      lane = new SendLane({
        ready: () => ready(target),
        transmit: (entry) => {
          entry.resendAtMs = this.#ports.now() + this.#answerWaitMs(entry);
          transmit(entry);
        },
        backoff,
      });
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  #answerWaitMs(entry: OutboxEntry): number {
    return Math.min(
      this.#ports.sendTimeoutMs * 2 ** entry.timeouts,
      Math.max(MAX_ANSWER_WAIT_MS, this.#ports.sendTimeoutMs),
    );
  }

  #sweep(): void {
    const nowMs = this.#ports.now();
    for (const entry of [...this.#byId.values()]) {
      if (nowMs - entry.queuedAtMs >= this.#ports.sendDeadlineMs) this.#giveUp(entry, 'SEND_DEADLINE');
      else if (entry.inFlight && nowMs >= entry.resendAtMs) this.#resend(entry, nowMs);
    }
  }

  /** Without an answer: the server may have failed between accepting and answering. The id makes it harmless. */
  #resend(entry: OutboxEntry, nowMs: number): void {
    const clogged = this.#ports.bufferedBytes() > RESEND_BELOW_BYTES || !this.#ports.ready(entry.target);
    if (!clogged) entry.timeouts++;
    entry.resendAtMs = nowMs + this.#answerWaitMs(entry);
    if (clogged) return;
    this.#ports.transmit(entry);
    this.#ports.overdue();
  }
}

/** Answers without a server. Later, as every other answer: the caller has the id by then. */
function settledHere(clientMsgId: string, answer: () => SendResult): PendingSend {
  return { clientMsgId, result: Promise.resolve().then(answer) };
}

function refusalHere(code: ErrorCode, clientMsgId: string): ErrorFrame {
  return { ...localError(code, errorCatalog[code].message, false), clientMsgId };
}

function laneKey(target: SendTarget): string {
  return target.op === Op.room ? `room ${target.roomId}` : `user ${target.toUserId}`;
}

function sweepEveryMs(sendTimeoutMs: number): number {
  return Math.min(500, Math.max(10, sendTimeoutMs / 10));
}
