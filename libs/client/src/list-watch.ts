import type { Backoff } from './backoff.js';
import type { ClientError } from './client-error.js';

/** What the watch needs. */
export interface ListWatchPorts {
  online(): boolean;
  /** Asks once, on the present connection; rejects with {@link ClientError}. */
  ask(): Promise<unknown>;
  readonly backoff: Backoff;
}

/** Asks to be told of changes of the lists: on every connection, until the server has agreed. */
export class ListWatch {
  readonly #ports: ListWatchPorts;
  #isWanted = false;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ports: ListWatchPorts) {
    this.#ports = ports;
  }

  get isWanted(): boolean {
    return this.#isWanted;
  }

  start(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.online();
  }

  /** There is a connection, which has not been asked yet. */
  online(): void {
    clearTimeout(this.#timer);
    if (!this.#isWanted || !this.#ports.online()) return;
    this.#ports.ask().then(
      () => (this.#failures = 0),
      (error: ClientError) => {
        // A server of the version before does not know of it; the next connection asks again.
        if (!error.retryable || error.code === 'DISCONNECTED') return;
        const delayMs = this.#ports.backoff(this.#failures++, error.retryAfterMs);
        this.#timer = setTimeout(() => this.online(), delayMs);
      },
    );
  }

  end(): void {
    this.#isWanted = false;
    clearTimeout(this.#timer);
  }
}
