import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RecentSum } from './recent-sum.js';

describe('RecentSum', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is 0 at first', () => {
    expect(new RecentSum(1_000, 1).value).toBe(0);
  });

  it('adds up what comes within an interval', () => {
    const sum = new RecentSum(1_000, 1);
    sum.add(2);
    vi.advanceTimersByTime(999);
    sum.add(3);
    expect(sum.value).toBe(5);
  });

  it('is that of the interval before until there is more in this one', () => {
    const sum = new RecentSum(1_000, 1);
    sum.add(5);
    vi.advanceTimersByTime(1_000);
    sum.add(4);
    expect(sum.value).toBe(5);
    sum.add(2);
    expect(sum.value).toBe(6);
    vi.advanceTimersByTime(1_000);
    expect(sum.value).toBe(6);
  });

  it.each([2_000, 2_500, 1_000_000])('has forgotten it after %i ms', (ms) => {
    const sum = new RecentSum(1_000, 1);
    vi.advanceTimersByTime(500);
    sum.add(5);
    vi.advanceTimersByTime(ms);
    expect(sum.value).toBe(0);
  });

  it('remembers as many intervals as it was told to', () => {
    const sum = new RecentSum(1_000, 3);
    sum.add(5);
    vi.advanceTimersByTime(3_999);
    sum.add(1);
    expect(sum.value).toBe(5);
    vi.advanceTimersByTime(1);
    expect(sum.value).toBe(1);
  });

  // A clock that began anew with each addition would never come to an end of it.
  it('begins its intervals at a steady beat', () => {
    const sum = new RecentSum(1_000, 1);
    for (let i = 0; i < 40; i++) {
      sum.add(1);
      vi.advanceTimersByTime(100);
    }
    expect(sum.value).toBe(10);
  });
});
