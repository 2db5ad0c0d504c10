import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Observable } from './observable.js';
import { paced } from './paced.js';

/** Whoever made the change is done. */
const done = () => Promise.resolve();

describe('paced', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function setUp() {
    const source = new Observable(0);
    const shown = paced(source, 50);
    const seen: number[] = [];
    shown.subscribe(() => seen.push(shown.get()));
    return { source, shown, seen };
  }

  it('shows a change after a quiet time at once', async () => {
    const { source, shown } = setUp();
    source.set(1);
    await done();
    expect(shown.get()).toBe(1);
    vi.advanceTimersByTime(50);
    source.set(2);
    await done();
    expect(shown.get()).toBe(2);
  });

  it('does not show what is true for a moment only', async () => {
    const { source, seen } = setUp();
    source.set(1);
    source.set(0);
    source.set(2);
    await done();
    expect(seen).toEqual([2]);
    vi.advanceTimersByTime(1_000);
    expect(seen).toEqual([2]);
  });

  it('shows a burst as one change, and its last value within the interval', async () => {
    const { source, seen } = setUp();
    source.set(1);
    await done();
    for (let i = 2; i <= 10; i++) source.set(i);
    vi.advanceTimersByTime(49);
    expect(seen).toEqual([1]);
    vi.advanceTimersByTime(1);
    expect(seen).toEqual([1, 10]);
  });

  it('takes what had to wait when a frame is made, with all that came until then', async () => {
    const source = new Observable(0);
    let frame: (() => void) | undefined;
    const shown = paced(source, 50, (then) => (frame = then));
    const seen: number[] = [];
    shown.subscribe(() => seen.push(shown.get()));
    source.set(1);
    await done();
    source.set(2);
    vi.advanceTimersByTime(60);
    source.set(3);
    await done();
    expect(seen).toEqual([1]);
    frame?.();
    expect(seen).toEqual([1, 3]);
    vi.advanceTimersByTime(50);
    source.set(4);
    await done();
    expect(seen).toEqual([1, 3, 4]);
  });

  it('leaves time between changes that all take long to show, but never much', async () => {
    const { source, shown, seen } = setUp();
    let renderMs = 75;
    shown.subscribe(() => vi.setSystemTime(Date.now() + renderMs));
    const now = vi.spyOn(performance, 'now').mockImplementation(() => Date.now());
    const wait = (ms: number) => vi.advanceTimersByTime(ms);
    source.set(1);
    await done();
    wait(0);
    // One that took long by itself keeps nobody waiting.
    source.set(2);
    await done();
    expect(seen).toEqual([1, 2]);
    wait(0);
    source.set(3);
    wait(24);
    expect(seen).toEqual([1, 2]);
    wait(1);
    expect(seen).toEqual([1, 2, 3]);
    renderMs = 10_000;
    wait(200);
    for (const value of [4, 5, 6]) {
      source.set(value);
      wait(500);
      await done();
      expect(seen.at(-1)).toBe(value);
      wait(0);
    }
    now.mockRestore();
  });

  it('does not change without a change', async () => {
    const { source, seen } = setUp();
    source.set(1);
    await done();
    vi.advanceTimersByTime(1_000);
    expect(seen).toEqual([1]);
  });

  it('does not depend on a timer that a hidden tab delays', async () => {
    const { source, shown } = setUp();
    source.set(1);
    await done();
    source.set(2);
    // The time passes, but the timer does not fire.
    vi.setSystemTime(Date.now() + 60_000);
    vi.spyOn(performance, 'now').mockReturnValue(60_000);
    source.set(3);
    await done();
    expect(shown.get()).toBe(3);
  });
});
