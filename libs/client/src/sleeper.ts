/** Waits that can all be cut short, so that no timer outlives its owner. */
export class Sleeper {
  readonly #sleeping = new Map<ReturnType<typeof setTimeout>, () => void>();

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#sleeping.delete(timer);
        resolve();
      }, delayMs);
      this.#sleeping.set(timer, resolve);
    });
  }

  /** Every wait is over now. */
  wakeAll(): void {
    for (const [timer, resolve] of this.#sleeping) {
      clearTimeout(timer);
      resolve();
    }
    this.#sleeping.clear();
  }
}
