import type { HistoryPage } from '@parley/protocol';
import type { HistoryQuery } from './parley-api.js';
import { Retrying, type RetryingPorts } from './retrying.js';

/** What the reader needs. */
export interface HistoryReaderPorts extends RetryingPorts {
  /** One attempt; rejects with `ClientError`. */
  page(roomId: number, query: HistoryQuery): Promise<HistoryPage>;
}

/** Reads pages for the application, each tried again while that can help. */
export class HistoryReader {
  readonly #ports: HistoryReaderPorts;
  readonly #retrying: Retrying;
  #size = 0;

  constructor(ports: HistoryReaderPorts) {
    this.#ports = ports;
    this.#retrying = new Retrying(ports);
  }

  /** Pages being read. */
  get size(): number {
    return this.#size;
  }

  /** @throws {ClientError} See {@link Retrying.run}. */
  async read(roomId: number, query: HistoryQuery): Promise<HistoryPage> {
    this.#size++;
    try {
      return await this.#retrying.run(roomId, () => this.#ports.page(roomId, query));
    } finally {
      this.#size--;
    }
  }

  /** Call when the client is closed: nobody waits any longer. */
  end(): void {
    this.#retrying.end();
  }
}
