/** Window of the fastest transit, milliseconds: clocks drift apart by at most 0.5 ms a second (NTP slews no faster). */
const WINDOW_MS = 30_000;
/** Callers' clocks remembered. Judgement: several times the instances that a registry takes; an older one starts anew. */
const MAX_CLOCKS = 2_048;

interface Transit {
  windowEndsAtMs: number;
  /** Fastest transit of this window and of the one before. They hold the unknown distance of the two clocks. */
  best: number;
  bestBefore: number;
}

/**
 * Tells how long a request was held up on its way, although no two machines' clocks agree: the difference between
 * arrival, by the clock here, and sending, by the caller's monotonic clock, is some constant and the time under way.
 * The smallest difference of late stands for "at once"; what a request takes longer is its delay.
 *
 * A caller's first request is not delayed, for all that can be known; one that lay in a stopped process's socket is.
 */
export class RequestDelays {
  private readonly clocks = new Map<string, Transit>();

  /**
   * Notes an arrival.
   *
   * @param clock - Names the clock that `sentAtMs` was read from: of one process, and of one life of it.
   * @returns Milliseconds that it took longer than the caller's fastest request within the last minute; 0 or more.
   */
  arrived(clock: string, sentAtMs: number, nowMs: number): number {
    const taken = nowMs - sentAtMs;
    let transit = this.clocks.get(clock);
    if (!transit) {
      if (this.clocks.size >= MAX_CLOCKS) this.clocks.delete(this.clocks.keys().next().value as string);
      transit = { windowEndsAtMs: nowMs + WINDOW_MS, best: taken, bestBefore: taken };
      this.clocks.set(clock, transit);
    }
    if (nowMs >= transit.windowEndsAtMs) {
      // The callee may have stood still for longer than a window: what it then finds is old, and no measure.
      transit.bestBefore = transit.best;
      transit.best = Infinity;
      transit.windowEndsAtMs = nowMs + WINDOW_MS;
    }
    transit.best = Math.min(transit.best, taken);
    return taken - Math.min(transit.best, transit.bestBefore);
  }
}
