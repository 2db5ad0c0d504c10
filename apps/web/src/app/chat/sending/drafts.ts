import { readStored, writeStored } from '../../storage.js';
import type { ThreadKey } from '../threads/thread-key.js';

/**
 * What one user has begun to write, by thread. In localStorage, so that it outlives the tab; where the browser refuses or is
 * full, as long as the page lives. Two tabs on one thread show the same text, until both are written in.
 */
export class Drafts {
  readonly #prefix: string;
  readonly #texts = new Map<ThreadKey, string>();
  readonly #listeners = new Set<() => void>();
  /** What was put back, while it still begins the draft: the next one goes after it. */
  readonly #putBack = new Map<ThreadKey, string>();

  constructor(userId: number, signal: AbortSignal) {
    this.#prefix = `parley.draft.${userId}.`;
    window.addEventListener('storage', (event) => this.#otherTab(event), { signal });
  }

  /** Empty when there is none. */
  get(thread: ThreadKey): string {
    const known = this.#texts.get(thread);
    if (known !== undefined) return known;
    const text = readStored(this.#prefix + thread) ?? '';
    this.#texts.set(thread, text);
    return text;
  }

  set(thread: ThreadKey, text: string): void {
    this.#texts.set(thread, text);
    writeStored(this.#prefix + thread, text === '' ? null : text);
    for (const listener of [...this.#listeners]) listener();
  }

  /** Puts a text that was sent in vain back: after others of which that is true, above what has been begun since. */
  putBack(thread: ThreadKey, text: string): void {
    const begun = this.get(thread);
    const before = this.#putBack.get(thread);
    const isBefore = before !== undefined && (begun === before || begun.startsWith(`${before}\n`));
    const top = isBefore ? `${before}\n${text}` : text;
    const rest = isBefore ? begun.slice(before.length + 1) : begun;
    this.#putBack.set(thread, top);
    this.set(thread, rest === '' ? top : `${top}\n${rest}`);
  }

  /** @returns A function that removes the listener. Bound, so that it can be passed on. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  #otherTab({ key, oldValue, newValue }: StorageEvent): void {
    if (!key?.startsWith(this.#prefix)) return;
    const thread = key.slice(this.#prefix.length) as ThreadKey;
    if (this.#texts.get(thread) !== (oldValue ?? '')) return;
    this.#texts.set(thread, newValue ?? '');
    for (const listener of [...this.#listeners]) listener();
  }
}
