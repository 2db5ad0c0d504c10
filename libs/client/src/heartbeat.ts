/** Options of {@link Heartbeat}, milliseconds. */
export interface HeartbeatOptions {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly now: () => number;
  readonly ping: () => void;
  /** Nothing came after the ping: the connection is lost, whatever the socket says. */
  readonly lost: () => void;
}

/** Finds out that a connection is half-open. One timer; a frame costs one read of the clock. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #heardAtMs = 0;
  /** Until when an answer is waited for; Infinity while none is. */
  #askedUntilMs = Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  start(): void {
    this.stop();
    this.heard();
    this.#wait(this.#options.intervalMs, () => this.#check());
  }

  /** Something came from the server. */
  heard(): void {
    this.#heardAtMs = this.#options.now();
  }

  /** Asks at once. `lost` unless something comes within `timeoutMs`. */
  probe(timeoutMs: number): void {
    clearTimeout(this.#timer);
    this.#ask(timeoutMs);
  }

  /**
   * An answer to something else is overdue. Asks at once, unless something has come within `silentMs`; `lost` unless something comes
   * within that time again, however often it is called meanwhile.
   */
  doubt(silentMs: number): void {
    const nowMs = this.#options.now();
    if (nowMs - this.#heardAtMs < silentMs || this.#askedUntilMs <= nowMs + silentMs) return;
    this.probe(silentMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#askedUntilMs = Infinity;
  }

  #check(): void {
    const { intervalMs, timeoutMs, now } = this.#options;
    const silentMs = now() - this.#heardAtMs;
    if (silentMs < intervalMs) return this.#wait(intervalMs - silentMs, () => this.#check());
    // A machine that slept comes back here with a long silence: the ping gives it a fair chance.
    this.#ask(timeoutMs);
  }

  #ask(timeoutMs: number): void {
    const { ping, lost, now } = this.#options;
    const heardAtMs = this.#heardAtMs;
    this.#askedUntilMs = now() + timeoutMs;
    this.#wait(timeoutMs, () => {
      this.#askedUntilMs = Infinity;
      if (this.#heardAtMs === heardAtMs) lost();
      else this.#check();
    });
    ping();
  }

  #wait(delayMs: number, then: () => void): void {
    this.#timer = setTimeout(then, delayMs);
  }
}
