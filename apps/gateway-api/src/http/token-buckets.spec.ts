import { AppError } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { TokenBuckets } from './token-buckets.js';

describe('token buckets', () => {
  const waitOf = (take: () => void): number => {
    try {
      take();
      return 0;
    } catch (error) {
      expect(error).toBeInstanceOf(AppError);
      return (error as AppError).retryAfterMs ?? NaN;
    }
  };

  it('gives the burst, then the rate, and says how long to wait', () => {
    let now = 0;
    const buckets = new TokenBuckets({ burst: 3, perSecond: 2 }, () => now);
    const take = () => waitOf(() => buckets.take('a'));
    expect([take(), take(), take(), take()]).toEqual([0, 0, 0, 500]);
    now = 499;
    expect(take()).toBeGreaterThan(0);
    now = 500;
    expect([take(), take()]).toEqual([0, 500]);
    now = 60_000;
    expect([take(), take(), take(), take()]).toEqual([0, 0, 0, 500]);
  });

  it('remembers so many keys, the latest ones', () => {
    const buckets = new TokenBuckets({ burst: 1, perSecond: 0.001 }, () => 0, 2);
    for (const key of ['a', 'b', 'c']) buckets.take(key);
    expect(waitOf(() => buckets.take('c'))).toBeGreaterThan(0);
    expect(waitOf(() => buckets.take('a'))).toBe(0);
  });
});
