import type { Backoff } from './backoff.js';
import { ClientError } from './client-error.js';
import { Sleeper } from './sleeper.js';

/** How often what was asked for while offline looks whether it can go out, milliseconds. */
const OFFLINE_POLL_MS = 250;

/** What trying again needs. */
export interface RetryingPorts {
  /** Why nothing can be asked any more; undefined while it can. */
  ended(): string | undefined;
  ready(roomId: number): boolean;
  readonly backoff: Backoff;
  readonly now: () => number;
  readonly deadlineMs: number;
}

/** Asks the server for something about a room, again while that can help. */
export class Retrying {
  readonly #ports: RetryingPorts;
  readonly #sleeper = new Sleeper();

  constructor(ports: RetryingPorts) {
    this.#ports = ports;
  }

  /** Call when the client is closed: nobody waits any longer. */
  end(): void {
    this.#sleeper.end();
  }

  /**
   * @param attempt - One try; rejects with {@link ClientError}.
   * @param askedAtMs - When it was asked for: the deadline counts from there. @defaultValue now
   * @throws {ClientError} A refusal that stands; the last retryable one once the deadline is over; `CLOSED` or `ENDED`.
   */
  async run<T>(roomId: number, attempt: () => Promise<T>, askedAtMs: number = this.#ports.now()): Promise<T> {
    const { ended, ready, backoff, now, deadlineMs } = this.#ports;
    const deadlineAtMs = askedAtMs + deadlineMs;
    for (let failures = 0; ;) {
      const endReason = ended();
      if (endReason) throw new ClientError(endReason, false);
      let delayMs = OFFLINE_POLL_MS;
      let failure = new ClientError('DISCONNECTED', true);
      // It waited too long for its turn: nobody expects any more that it is done.
      if (now() >= deadlineAtMs) throw failure;
      if (ready(roomId)) {
        try {
          return await attempt();
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
