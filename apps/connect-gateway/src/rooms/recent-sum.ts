/**
 * How much there was lately: the sum of an interval, the one that runs or one of the last few, whichever has the most. A few numbers,
 * however much is added; what was longer ago is forgotten.
 */
export class RecentSum {
  /** The interval that runs, then those before it. */
  private sums: number[];
  private beganAt = performance.now();

  /**
   * @param intervalMs - Milliseconds, monotonic.
   * @param remembered - Intervals before the one that runs.
   */
  constructor(
    private readonly intervalMs: number,
    private readonly remembered: number,
  ) {
    this.sums = Array.from({ length: remembered + 1 }, () => 0);
  }

  /** 0 when nothing was added lately. */
  get value(): number {
    this.move();
    return Math.max(...this.sums);
  }

  add(amount: number): void {
    this.move();
    this.sums[0] = (this.sums[0] ?? 0) + amount;
  }

  private move(): void {
    const intervals = Math.floor((performance.now() - this.beganAt) / this.intervalMs);
    if (intervals < 1) return;
    const over = Array.from({ length: Math.min(intervals, this.remembered + 1) }, () => 0);
    this.sums = [...over, ...this.sums].slice(0, this.remembered + 1);
    this.beganAt += intervals * this.intervalMs;
  }
}
