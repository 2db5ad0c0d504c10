/** Waits that can all be cut short, so that no timer outlives its owner. */
export class Sleeper {
  #ended = false;
  readonly #sleeping = new Map<ReturnType<typeof setTimeout>, () => void>();

  sleep(delayMs: number): Promise<void> {
    if (this.#ended) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#sleeping.delete(timer);
        resolve();
      }, delayMs);
      this.#sleeping.set(timer, resolve);
    });
  }

  /** Every wait is over now, and every later one at once. */
  end(): void {
    this.#ended = true;
    for (const [timer, resolve] of this.#sleeping) {
      clearTimeout(timer);
      resolve();
    }
    this.#sleeping.clear();
  }
}
