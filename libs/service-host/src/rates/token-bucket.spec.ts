import { describe, expect, it } from 'vitest';
import { TokenBucket } from './token-bucket.js';

describe('a token bucket', () => {
  it('is full at first, and says how long it will be until there are enough', () => {
    const bucket = new TokenBucket({ burst: 10, perSecond: 4 }, 1_000);
    expect([bucket.take(7, 1_000), bucket.take(3, 1_000), bucket.take(1, 1_000)]).toEqual([0, 0, 250]);
    expect([bucket.take(1, 1_125), bucket.take(1, 1_250)]).toEqual([125, 0]);
  });

  it('takes none when there are not enough', () => {
    const bucket = new TokenBucket({ burst: 10, perSecond: 4 }, 0);
    expect(bucket.take(8, 0)).toBe(0);
    expect(bucket.take(3, 0)).toBe(250);
    expect(bucket.take(2, 0)).toBe(0);
  });

  it('fills up to its burst, and no further', () => {
    const bucket = new TokenBucket({ burst: 10, perSecond: 4 }, 0);
    expect(bucket.take(10, 3_600_000)).toBe(0);
    expect(bucket.take(1, 3_600_000)).toBe(250);
    expect(bucket.take(10, 3_602_500)).toBe(0);
    expect(bucket.take(1, 3_602_500)).toBe(250);
  });
});
