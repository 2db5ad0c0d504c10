import type { ClientEvents, ParleyClient } from '@parley/client';
import type { ChatStore } from '../threads/chat-store.js';
import { connectionInfo } from './connection-info.js';

/** Tells the state how the connection is. */
export class ConnectionWatch {
  readonly #store: ChatStore;
  readonly #client: Pick<ParleyClient, 'state' | 'probe'>;
  readonly #online: (wasLost: boolean) => void;
  #retryAtMs: number | undefined;

  /** @param online - The connection is there; `wasLost`: again. */
  constructor(
    store: ChatStore,
    client: Pick<ParleyClient, 'state' | 'probe'>,
    online: (wasLost: boolean) => void,
  ) {
    this.#store = store;
    this.#client = client;
    this.#online = online;
  }

  /** Hears of the device's network and of its waking, too, until the session ends: then it asks at once how things are. */
  start(signal: AbortSignal): void {
    for (const event of ['online', 'offline', 'pageshow'] as const) {
      window.addEventListener(event, () => this.#look(), { signal });
    }
    document.addEventListener(
      'visibilitychange',
      () => {
        if (document.visibilityState === 'visible') this.#look();
      },
      { signal },
    );
  }

  changed({ retryInMs }: ClientEvents['state']): void {
    this.#retryAtMs = retryInMs === undefined ? undefined : performance.now() + retryInMs;
    this.#update();
  }

  #look(): void {
    this.#client.probe();
    this.#update();
  }

  #update(): void {
    const before = this.#store.get().connection;
    const connection = connectionInfo(this.#client.state, this.#retryAtMs, navigator.onLine);
    this.#store.patch({ connection });
    if (connection.status === 'online') this.#online(before.status === 'reconnecting');
  }
}
