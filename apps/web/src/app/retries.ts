import { ApiError, fullJitter } from '@parley/client';

/** The longest wait between two attempts, milliseconds: a page that could be right again must not stay wrong for longer. */
const maxWaitMs = 5_000;
/** When the network is back everybody's is: each tries at a moment of its own within this, milliseconds. */
const hurryWithinMs = 1_000;

/** How something is tried. */
export interface RetryOptions {
  /** Aborted when nobody looks at it any more. */
  readonly signal: AbortSignal;
  /** It failed, and will be tried again. */
  readonly failed?: (error: unknown) => void;
  /** Something else has taken its place: it is not tried again. */
  readonly isPast?: () => boolean;
}

/** What a page's own world says. For tests. */
export interface RetriesOptions {
  /** @defaultValue Math.random */
  readonly random?: () => number;
  /** @defaultValue `document` */
  readonly page?: Pick<Document, 'visibilityState' | 'addEventListener' | 'removeEventListener'>;
}

/** Whether trying again may help. What a proxy or a captive portal says in the server's place passes. */
function mayPass(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  return error.retryable || (error.code === 'BAD_RESPONSE' && (error.status < 400 || error.status >= 500));
}

/**
 * Tries again what a page could not load, for as long as it is looked at: with jittered waits that grow, none shorter than
 * the server asks for, and none while the tab is hidden.
 */
export class Retries {
  readonly #random: () => number;
  readonly #page: RetriesOptions['page'];
  readonly #waiting = new Set<(withinMs: number) => void>();

  constructor({ random = Math.random, page = globalThis.document }: RetriesOptions = {}) {
    this.#random = random;
    this.#page = page;
  }

  /**
   * @returns What the first attempt gives that succeeds.
   * @throws what an attempt threw: because trying again would not help, or nobody waits for it.
   */
  async run<T>(attempt: () => Promise<T>, { signal, failed, isPast }: RetryOptions): Promise<T> {
    const backoff = fullJitter({ minMs: 500, maxMs: maxWaitMs }, this.#random);
    for (let failures = 0; ; failures++) {
      try {
        return await attempt();
      } catch (error) {
        if (signal.aborted || !mayPass(error)) throw error;
        failed?.(error);
        const askedMs = error instanceof ApiError ? error.retryAfterMs : undefined;
        await this.#wait(backoff(failures, askedMs), askedMs ?? 0, signal);
        await this.#visible(signal);
        if (signal.aborted || isPast?.()) throw error;
      }
    }
  }

  /** The cause may be gone: what waits is tried soon, unless the server asked for more. @param withinMs - 0: at once */
  hurry(withinMs = hurryWithinMs): void {
    for (const hurry of [...this.#waiting]) hurry(withinMs);
  }

  #wait(delayMs: number, leastMs: number, signal: AbortSignal): Promise<void> {
    const startedAtMs = performance.now();
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(hurry);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const hurry = (withinMs: number) => {
        clearTimeout(timer);
        const leftMs = startedAtMs + leastMs - performance.now();
        timer = setTimeout(done, Math.max(leftMs, 0) + this.#random() * withinMs);
      };
      let timer = setTimeout(done, delayMs);
      this.#waiting.add(hurry);
      signal.addEventListener('abort', done);
    });
  }

  #visible(signal: AbortSignal): Promise<void> | undefined {
    const page = this.#page;
    if (!page || page.visibilityState === 'visible' || signal.aborted) return undefined;
    return new Promise((resolve) => {
      const look = () => {
        if (page.visibilityState !== 'visible' && !signal.aborted) return;
        page.removeEventListener('visibilitychange', look);
        signal.removeEventListener('abort', look);
        resolve();
      };
      page.addEventListener('visibilitychange', look);
      signal.addEventListener('abort', look);
    });
  }
}
