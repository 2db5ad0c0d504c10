import type { AckFrame, ActInput } from '@parley/protocol';
import type { Backoff } from './backoff.js';
import { ClientError } from './client-error.js';
import { Sleeper } from './sleeper.js';

/** How often an act that was asked for while offline looks whether it can go out, milliseconds. */
const OFFLINE_POLL_MS = 250;

/** What the acts need. */
export interface ActsPorts {
  /** Why nothing can be done any more; undefined while it can. */
  ended(): string | undefined;
  ready(roomId: number): boolean;
  /** One attempt; rejects with {@link ClientError}. */
  send(roomId: number, act: ActInput, clientMsgId: string): Promise<AckFrame>;
  readonly backoff: Backoff;
  readonly now: () => number;
  readonly deadlineMs: number;
}

/** Does things to rooms: each act again, under the same id, while that can help, so that it is done once. */
export class Acts {
  readonly #ports: ActsPorts;
  readonly #sleeper = new Sleeper();
  /** The last act asked for in each room, while one is under way; resolves when it is over. */
  readonly #tails = new Map<number, Promise<void>>();
  #size = 0;

  constructor(ports: ActsPorts) {
    this.#ports = ports;
  }

  /** Acts under way. */
  get size(): number {
    return this.#size;
  }

  /** @throws {ClientError} The refusal; the last retryable one once the deadline is over; `CLOSED` or `ENDED`. */
  async do(roomId: number, act: ActInput, clientMsgId: string): Promise<AckFrame> {
    this.#size++;
    // In the order asked: what somebody does may rely on what he did before.
    const done = (this.#tails.get(roomId) ?? Promise.resolve()).then(() =>
      this.#do(roomId, act, clientMsgId),
    );
    const tail = done.then(
      () => undefined,
      () => undefined,
    );
    this.#tails.set(roomId, tail);
    try {
      return await done;
    } finally {
      this.#size--;
      if (this.#tails.get(roomId) === tail) this.#tails.delete(roomId);
    }
  }

  /** Call when the client is closed: nobody waits any longer. */
  end(): void {
    this.#sleeper.end();
  }

  async #do(roomId: number, act: ActInput, clientMsgId: string): Promise<AckFrame> {
    const { ended, ready, send, backoff, now, deadlineMs } = this.#ports;
    const deadlineAtMs = now() + deadlineMs;
    for (let failures = 0; ;) {
      const endReason = ended();
      if (endReason) throw new ClientError(endReason, false);
      let delayMs = OFFLINE_POLL_MS;
      let failure = new ClientError('DISCONNECTED', true);
      if (ready(roomId)) {
        try {
          return await send(roomId, act, clientMsgId);
        } catch (error) {
          if (!(error instanceof ClientError) || !error.retryable) throw error;
          failure = error;
          delayMs = backoff(failures++, error.retryAfterMs);
        }
      }
      if (now() + delayMs >= deadlineAtMs) throw failure;
      await this.#sleeper.sleep(delayMs);
    }
  }
}
