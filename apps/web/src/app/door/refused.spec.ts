import { ApiError } from '@parley/client';
import { expect, it } from 'vitest';
import { refusalOf, secondsLeft } from './refused.js';

it('tells the code, and when trying again may help', () => {
  expect(refusalOf(new ApiError(403, 'WRONG_PASSWORD', false))).toEqual({ code: 'WRONG_PASSWORD' });
  const slow = new ApiError(429, 'RATE_LIMITED', true, undefined, { retryAfterMs: 2_500 });
  expect(refusalOf(slow, 1_000)).toEqual({ code: 'RATE_LIMITED', againAtMs: 3_500 });
  expect(refusalOf(new TypeError('x'))).toEqual({ code: 'INTERNAL' });
});

it('counts the seconds down to none', () => {
  expect([1_000, 1_001, 3_499, 3_500, 9_000].map((now) => secondsLeft(3_500, now))).toEqual([3, 3, 1, 0, 0]);
  expect(secondsLeft(undefined, 0)).toBe(0);
});
