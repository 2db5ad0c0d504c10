import * as fake from 'fake-indexeddb';
import { vi } from 'vitest';
import type { TabChannel, TabWord } from './tab-channel.js';

/** A browser's IndexedDB, empty. `vi.unstubAllGlobals` takes it away. */
export function stubIndexedDb(): void {
  // Only its classes stay: what is still under way when a test ends looks for them.
  const classes = Object.entries(fake).filter(([name]) => name.startsWith('IDB'));
  Object.assign(globalThis, Object.fromEntries(classes));
  vi.stubGlobal('indexedDB', new fake.IDBFactory());
}

/** Lines between tabs of one test: heard a moment later, by all tabs but the one that speaks. */
export class TestChannels {
  readonly #open = new Set<TestChannel>();
  /** Everything that was said. */
  readonly said: TabWord[] = [];

  open(): TabChannel {
    const channel = new TestChannel((word) => {
      this.said.push(word);
      for (const other of this.#open) if (other !== channel) queueMicrotask(() => other.receive(word));
    });
    this.#open.add(channel);
    return channel as unknown as TabChannel;
  }

  /** As when a tab is killed or frozen: it hears and answers nothing. */
  cut(channel: TabChannel): void {
    this.#open.delete(channel as unknown as TestChannel);
  }
}

class TestChannel {
  readonly #listeners = new Set<(word: TabWord) => void>();

  constructor(readonly say: (word: TabWord) => void) {}

  hear(listener: (word: TabWord) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  receive(word: TabWord): void {
    for (const listener of [...this.#listeners]) listener(word);
  }

  close(): void {
    this.#listeners.clear();
  }
}
