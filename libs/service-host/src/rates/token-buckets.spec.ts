import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TokenBuckets } from './token-buckets.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Full again after five seconds. */
const setUp = (max = 100) => {
  const buckets = new TokenBuckets<string>({ burst: 10, perSecond: 2 }, max);
  return { buckets, take: (key: string, count = 1) => buckets.take(key, count, performance.now()) };
};

describe('token buckets', () => {
  it('are one for each key', () => {
    const { take } = setUp();
    expect(take('a', 10)).toBe(0);
    expect([take('a'), take('b')]).toEqual([500, 0]);
  });

  it('never let through more than their rate, whenever they are asked', () => {
    const { take } = setUp();
    let taken = 0;
    for (let ms = 0; ms < 60_000; ms += 700) {
      while (take('a') === 0) taken++;
      // Others come and go.
      take(String(ms));
      vi.advanceTimersByTime(700);
    }
    expect(taken).toBeLessThanOrEqual(10 + 2 * 60);
    expect(taken).toBeGreaterThan(2 * 58);
  });

  it('are forgotten when they are full again, the last one too, and not before', () => {
    const { buckets, take } = setUp();
    for (const key of ['a', 'b', 'c']) take(key, 10);
    vi.advanceTimersByTime(4_900);
    take('a', 9);
    vi.advanceTimersByTime(4_000);
    // It is in its second period, and not full.
    expect([take('a', 10), buckets.size]).toEqual([600, 3]);
    vi.advanceTimersByTime(1_100);
    expect(buckets.size).toBe(1);
    vi.advanceTimersByTime(10_000);
    expect([buckets.size, vi.getTimerCount()]).toEqual([0, 0]);
  });

  it('take back what did not count, never beyond their burst, and whatever was forgotten', () => {
    const { buckets, take } = setUp();
    take('a', 10);
    buckets.giveBack('a', 3);
    expect([take('a', 3), take('a')]).toEqual([0, 500]);
    buckets.giveBack('a', 100);
    expect([take('a', 10), take('a')]).toEqual([0, 500]);
    buckets.giveBack('nobody', 1);
    expect(buckets.size).toBe(1);
  });

  it('are not more than so many: those asked longest ago start again', () => {
    const { buckets, take } = setUp(4);
    take('a', 10);
    take('b', 10);
    take('c', 10);
    expect(take('a')).toBe(500);
    expect(buckets.size).toBeLessThanOrEqual(4);
    for (let i = 0; i < 100; i++) {
      take(String(i));
      expect(buckets.size).toBeLessThanOrEqual(4);
    }
    expect(take('b')).toBe(0);
  });
});
