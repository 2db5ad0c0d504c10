import type { HistoryPage } from '@parley/protocol';
import type { Backoff } from './backoff.js';
import { ClientError } from './client-error.js';
import type { HistoryQuery } from './parley-api.js';
import { Sleeper } from './sleeper.js';

/** How often a page that was asked for while offline looks whether it can go out, milliseconds. */
const OFFLINE_POLL_MS = 250;

/** What the reader needs. */
export interface HistoryReaderPorts {
  /** Why nothing can be read any more; undefined while it can. */
  ended(): string | undefined;
  ready(roomId: number): boolean;
  /** One attempt; rejects with {@link ClientError}. */
  page(roomId: number, query: HistoryQuery, failures: number): Promise<HistoryPage>;
  readonly backoff: Backoff;
  readonly now: () => number;
  readonly deadlineMs: number;
}

/** Reads pages for the application, each tried again while that can help. */
export class HistoryReader {
  readonly #ports: HistoryReaderPorts;
  readonly #sleeper = new Sleeper();
  #size = 0;

  constructor(ports: HistoryReaderPorts) {
    this.#ports = ports;
  }

  /** Pages being read. */
  get size(): number {
    return this.#size;
  }

  /** @throws {ClientError} A refusal that stands; the last retryable one once the deadline is over; `CLOSED` or `ENDED`. */
  async read(roomId: number, query: HistoryQuery): Promise<HistoryPage> {
    this.#size++;
    try {
      return await this.#read(roomId, query);
    } finally {
      this.#size--;
    }
  }

  /** Call when the client is closed: nobody waits any longer. */
  end(): void {
    this.#sleeper.end();
  }

  async #read(roomId: number, query: HistoryQuery): Promise<HistoryPage> {
    const { ended, ready, page, backoff, now, deadlineMs } = this.#ports;
    const deadlineAtMs = now() + deadlineMs;
    for (let failures = 0; ;) {
      const endReason = ended();
      if (endReason) throw new ClientError(endReason, false);
      let delayMs = OFFLINE_POLL_MS;
      let failure = new ClientError('DISCONNECTED', true);
      if (ready(roomId)) {
        try {
          return await page(roomId, query, failures);
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
