/**
 * How much there was lately: the sum of the interval that runs, or of the one before where that was more. Two numbers, however
 * much is added; what was longer ago is forgotten.
 */
export class RecentSum {
  private current = 0;
  private previous = 0;
  private beganAt = performance.now();

  /** @param intervalMs - Milliseconds, monotonic. */
  constructor(private readonly intervalMs: number) {}

  /** 0 when nothing was added lately. */
  get value(): number {
    this.move();
    return Math.max(this.current, this.previous);
  }

  add(amount: number): void {
    this.move();
    this.current += amount;
  }

  private move(): void {
    const intervals = Math.floor((performance.now() - this.beganAt) / this.intervalMs);
    if (intervals < 1) return;
    this.previous = intervals === 1 ? this.current : 0;
    this.current = 0;
    this.beganAt += intervals * this.intervalMs;
  }
}
