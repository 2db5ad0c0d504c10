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

/** A timer that is so late says that this machine or thread stood still: what came meanwhile may still have to be read, milliseconds. */
const STOOD_STILL_MS = 1_000;
/** An answer is waited for so many times as long at most. */
const MOST_PATIENCE = 8;

/**
 * Finds out that a connection is half-open: whoever is silent for long is asked. Where much comes, a shorter silence is long: who
 * reads in a busy room misses something with every second. One timer; a frame costs one read of the clock.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #heardAtMs = 0;
  #usualGapMs = 0;
  /** Until when an answer is waited for; Infinity while none is. */
  #askedUntilMs = Infinity;
  /**
   * How many times as long an answer is waited for. Doubled with each connection that was left for its silence, until one answers: it
   * may have been a slow one with a long message before the question.
   */
  #patience = 1;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  start(): void {
    this.stop();
    this.#heardAtMs = this.#options.now();
    this.#usualGapMs = Math.min(this.#options.intervalMs, Number.MAX_SAFE_INTEGER);
    this.#wait(Math.min(this.#options.intervalMs, LEAST_INTERVAL_MS), () => this.#check());
  }

  /** Something came from the server. */
  heard(): void {
    const nowMs = this.#options.now();
    this.#usualGapMs += LAST_SHARE * (nowMs - this.#heardAtMs - this.#usualGapMs);
    this.#heardAtMs = nowMs;
    if (this.#askedUntilMs === Infinity) return;
    this.#patience = 1;
    this.#askedUntilMs = Infinity;
    this.#check();
  }

  /** Asks at once. `lost` unless something comes within `timeoutMs`, or within what is left for an earlier question. */
  probe(timeoutMs: number): void {
    if (this.#askedUntilMs > this.#options.now() + timeoutMs * this.#patience) this.#ask(timeoutMs);
    else this.#options.ping();
  }

  /**
   * An answer to something else is overdue. Asks as soon as nothing has come for `silentMs`; `lost` unless something comes within
   * that time again, however often it is called meanwhile.
   */
  doubt(silentMs: number): void {
    const nowMs = this.#options.now();
    if (this.#askedUntilMs <= nowMs + silentMs * this.#patience) return;
    const leftMs = silentMs - (nowMs - this.#heardAtMs);
    if (leftMs <= 0) return this.#ask(silentMs);
    if (this.#askedUntilMs !== Infinity) return;
    const heardAtMs = this.#heardAtMs;
    this.#wait(leftMs, () => (this.#heardAtMs === heardAtMs ? this.#ask(silentMs) : this.#check()));
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

  #ask(timeoutMs: number, isAgain = false): void {
    const { ping, now } = this.#options;
    const waitMs = timeoutMs * this.#patience;
    this.#askedUntilMs = now() + waitMs;
    this.#wait(waitMs, () => {
      if (now() > this.#askedUntilMs + STOOD_STILL_MS && !isAgain) this.#ask(timeoutMs, true);
      else this.#lose();
    });
    ping();
  }

  #lose(): void {
    this.#askedUntilMs = Infinity;
    this.#patience = Math.min(2 * this.#patience, MOST_PATIENCE);
    this.#options.lost();
  }

  #wait(delayMs: number, then: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(then, delayMs);
  }
}
