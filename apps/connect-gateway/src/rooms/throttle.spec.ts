import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Throttle } from './throttle.js';

describe('Throttle', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('calls back at once, and not again when nobody called', () => {
    const callback = vi.fn();
    new Throttle(1_000, callback).call(7);
    expect(callback.mock.calls).toEqual([[7]]);
    vi.advanceTimersByTime(10_000);
    expect(callback).toHaveBeenCalledTimes(1);
  });

  it('makes one call at the end of the interval for all that came too early', () => {
    const callback = vi.fn();
    const throttle = new Throttle(1_000, callback);
    for (let i = 0; i < 5; i++) throttle.call(7);
    vi.advanceTimersByTime(999);
    expect(callback).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(1);
    expect(callback).toHaveBeenCalledTimes(2);
    vi.advanceTimersByTime(10_000);
    expect(callback).toHaveBeenCalledTimes(2);
  });

  it('calls back at most once per interval in the long run', () => {
    const callback = vi.fn();
    const throttle = new Throttle(1_000, callback);
    for (let ms = 0; ms < 5_000; ms += 100) {
      throttle.call(7);
      vi.advanceTimersByTime(100);
    }
    expect(callback.mock.calls.length).toBeGreaterThanOrEqual(5);
    expect(callback.mock.calls.length).toBeLessThanOrEqual(6);
  });

  it('keeps keys apart', () => {
    const callback = vi.fn();
    const throttle = new Throttle(1_000, callback);
    throttle.call(7);
    throttle.call(8);
    expect(callback.mock.calls).toEqual([[7], [8]]);
  });

  it('is free again after a quiet interval', () => {
    const callback = vi.fn();
    const throttle = new Throttle(1_000, callback);
    throttle.call(7);
    vi.advanceTimersByTime(1_000);
    throttle.call(7);
    expect(callback).toHaveBeenCalledTimes(2);
  });

  it('asks how long an interval is as it begins', () => {
    const callback = vi.fn();
    let intervalMs = 1_000;
    const throttle = new Throttle((key) => intervalMs * key, callback);
    throttle.call(2);
    intervalMs = 2_000;
    throttle.call(2);
    vi.advanceTimersByTime(2_000);
    expect(callback).toHaveBeenCalledTimes(2);
    throttle.call(2);
    vi.advanceTimersByTime(3_999);
    expect(callback).toHaveBeenCalledTimes(2);
    vi.advanceTimersByTime(1);
    expect(callback).toHaveBeenCalledTimes(3);
  });
});
