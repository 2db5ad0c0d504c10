import type { Op } from '@parley/protocol';
import type { Backoff } from './backoff.js';
import type { PendingSend, SendResult } from './client-events.js';

/** Sends of one lane that wait for an answer at once. */
const MAX_IN_FLIGHT = 64;

/** Where a send goes. One lane, and so one order, per room and per peer. */
export type SendTarget =
  | { readonly op: typeof Op.room; readonly roomId: number }
  | { readonly op: typeof Op.direct; readonly toUserId: number };

/** A send that is not settled. Only its lane and the outbox change it. */
export interface OutboxEntry {
  readonly clientMsgId: string;
  readonly target: SendTarget;
  readonly text: string;
  readonly ref: number;
  readonly pending: PendingSend;
  readonly settle: (result: SendResult) => void;
  readonly queuedAtMs: number;
  /** Sent on the present connection, not answered. */
  inFlight: boolean;
  /** Refused for now; holds back the later ones. */
  refused: boolean;
  resendAtMs: number;
  /** Answers that did not come, on this connection. */
  timeouts: number;
}

/** What a lane needs. */
export interface SendLanePorts {
  ready(): boolean;
  transmit(entry: OutboxEntry): void;
  readonly backoff: Backoff;
}

/**
 * The sends to one room or peer, in the order they were made.
 *
 * Up to {@link MAX_IN_FLIGHT} travel at once. Once one of them is refused for now, the rest waits: the refused
 * ones go out again one at a time, and only then does the lane open again. Only those that were in flight
 * together with a refused one can have overtaken it.
 */
export class SendLane {
  readonly #ports: SendLanePorts;
  readonly #entries = new Set<OutboxEntry>();
  #inFlight = 0;
  #refused = 0;
  #failures = 0;
  #pauseTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(ports: SendLanePorts) {
    this.#ports = ports;
  }

  get size(): number {
    return this.#entries.size;
  }

  add(entry: OutboxEntry): void {
    this.#entries.add(entry);
  }

  remove(entry: OutboxEntry, accepted: boolean): void {
    this.#entries.delete(entry);
    if (entry.inFlight) this.#inFlight--;
    if (entry.refused) this.#refused--;
    if (accepted) this.#failures = 0;
  }

  pump(): void {
    if (this.#pauseTimer || !this.#ports.ready()) return;
    const window = this.#refused > 0 ? 1 : MAX_IN_FLIGHT;
    if (this.#inFlight >= window) return;
    for (const entry of this.#entries) {
      if (entry.inFlight) continue;
      entry.inFlight = true;
      this.#inFlight++;
      this.#ports.transmit(entry);
      if (this.#inFlight >= window) return;
    }
  }

  /** @param retryAfterMs - The least wait, when the server named one. */
  retryLater(entry: OutboxEntry, retryAfterMs?: number): void {
    if (entry.inFlight) this.#inFlight--;
    entry.inFlight = false;
    if (!entry.refused) this.#refused++;
    entry.refused = true;
    // Many are refused at once when one is: that is one failure.
    if (this.#pauseTimer) return;
    const delayMs = this.#ports.backoff(this.#failures++, retryAfterMs);
    this.#pauseTimer = setTimeout(() => {
      this.#pauseTimer = undefined;
      this.pump();
    }, delayMs);
  }

  requeue(): void {
    this.#inFlight = 0;
    for (const entry of this.#entries) {
      entry.inFlight = false;
      entry.timeouts = 0;
    }
  }

  stop(): void {
    clearTimeout(this.#pauseTimer);
    this.#pauseTimer = undefined;
  }
}
