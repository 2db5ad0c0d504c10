/**
 * Calls back at once, then at most once per interval and key; a call that came too early is made at the interval's end,
 * so that the last state is always told. How long an interval is, milliseconds, is asked as it begins.
 */
export class Throttle {
  private readonly waiting = new Map<number, { again: boolean }>();

  constructor(
    private readonly intervalMs: number | ((key: number) => number),
    private readonly callback: (key: number) => void,
  ) {}

  call(key: number): void {
    const state = this.waiting.get(key);
    if (state) {
      state.again = true;
      return;
    }
    this.waiting.set(key, { again: false });
    const { intervalMs } = this;
    setTimeout(
      () => {
        const again = this.waiting.get(key)?.again;
        this.waiting.delete(key);
        if (again) this.call(key);
      },
      typeof intervalMs === 'number' ? intervalMs : intervalMs(key),
    ).unref();
    this.callback(key);
  }
}
