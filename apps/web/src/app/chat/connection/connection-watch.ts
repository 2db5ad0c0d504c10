import type { ClientEvents, ParleyClient } from '@parley/client';
import type { ChatStore } from '../threads/chat-store.js';
import { connectionInfo } from './connection-info.js';

/** Tells the state how the connection is. */
export class ConnectionWatch {
  readonly #store: ChatStore;
  readonly #client: Pick<ParleyClient, 'state'>;
  readonly #online: (wasLost: boolean) => void;
  #retryAtMs: number | undefined;

  /** @param online - The connection is there; `wasLost`: again. */
  constructor(store: ChatStore, client: Pick<ParleyClient, 'state'>, online: (wasLost: boolean) => void) {
    this.#store = store;
    this.#client = client;
    this.#online = online;
  }

  /** Hears of the device's network, too, until the session ends. */
  start(signal: AbortSignal): void {
    for (const event of ['online', 'offline'] as const) {
      window.addEventListener(event, () => this.#update(), { signal });
    }
  }

  changed({ retryInMs }: ClientEvents['state']): void {
    this.#retryAtMs = retryInMs === undefined ? undefined : performance.now() + retryInMs;
    this.#update();
  }

  #update(): void {
    const before = this.#store.get().connection;
    const connection = connectionInfo(this.#client.state, this.#retryAtMs, navigator.onLine);
    this.#store.patch({ connection });
    if (connection.status === 'online') this.#online(before.status === 'reconnecting');
  }
}
