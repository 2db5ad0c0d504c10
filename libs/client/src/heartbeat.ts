/** A silence that is so many times as long as those lately is unusual: of gaps that are nobody's doing, one in fifty is. */
const UNUSUAL = 4;
/** How much of what is usual the last gap makes up. */
const LAST_SHARE = 1 / 4;
/** No silence is asked about sooner, however much was said before, milliseconds. Chosen by judgement. */
export const LEAST_INTERVAL_MS = 5_000;

/** Options of {@link Heartbeat}, milliseconds. */
export interface HeartbeatOptions {
  /** The longest silence that is not asked about. */
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly now: () => number;
  readonly ping: () => void;
  /** Nothing came after the ping: the connection is lost, whatever the socket says. */
  readonly lost: () => void;
}

/**
 * Finds out that a connection is half-open: whoever is silent for long is asked. Where much comes, a shorter silence is long: who
 * reads in a busy room misses something with every second. One timer; a frame costs one read of the clock.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #heardAtMs = 0;
  #usualGapMs = Infinity;
  /** Until when an answer is waited for; Infinity while none is. */
  #askedUntilMs = Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  start(): void {
    this.stop();
    this.#heardAtMs = this.#options.now();
    this.#usualGapMs = this.#options.intervalMs;
    this.#check();
  }

  /** Something came from the server. */
  heard(): void {
    const nowMs = this.#options.now();
    this.#usualGapMs += LAST_SHARE * (nowMs - this.#heardAtMs - this.#usualGapMs);
    this.#heardAtMs = nowMs;
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
    const longMs = Math.min(intervalMs, Math.max(LEAST_INTERVAL_MS, UNUSUAL * this.#usualGapMs));
    const leftMs = longMs - (now() - this.#heardAtMs);
    // Looked at again before it may be over: what is long changes with what comes.
    if (leftMs > 0) return this.#wait(Math.min(leftMs, LEAST_INTERVAL_MS), () => this.#check());
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
