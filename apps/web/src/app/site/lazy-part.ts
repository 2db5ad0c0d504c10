import { Observable } from '../observable.js';
import type { Retries } from '../retries.js';

/** How far a part of the site has come. */
export type PartState<T> =
  | { readonly phase: 'loading' }
  /** It is tried again by itself. */
  | { readonly phase: 'failed' }
  | { readonly phase: 'ready'; readonly part: T };

/** A part of the site that is loaded once it is wanted, and tried again until it is there. */
export class LazyPart<T> {
  readonly state = new Observable<PartState<T>>({ phase: 'loading' });
  readonly #load: () => Promise<T>;
  readonly #retries: Retries;
  #isWanted = false;

  /** @param load - Called again after it failed, and never after it did not. */
  constructor(load: () => Promise<T>, retries: Retries) {
    this.#load = load;
    this.#retries = retries;
  }

  /** Begins to load it; nothing when that has begun. Bound, so that it can be passed on. */
  readonly want = (): void => {
    if (this.#isWanted) return;
    this.#isWanted = true;
    void this.#run();
  };

  async #run(): Promise<void> {
    // As long as the page lives.
    const { signal } = new AbortController();
    const failed = () => this.state.set({ phase: 'failed' });
    const part = await this.#retries.run(this.#load, { signal, failed });
    this.state.set({ phase: 'ready', part });
  }
}
