import { describe, expect, it } from 'vitest';
import { fullJitter } from './backoff.js';

describe('fullJitter', () => {
  it('doubles the bound with every failure, up to the maximum', () => {
    const backoff = fullJitter({ minMs: 100, maxMs: 1_000 }, () => 0.999_999);
    expect([0, 1, 2, 3, 4, 500].map((n) => Math.round(backoff(n)))).toEqual([
      100, 200, 400, 800, 1_000, 1_000,
    ]);
  });

  it('draws from nothing up to the bound', () => {
    expect(fullJitter({ minMs: 100 }, () => 0)(5)).toBe(0);
    expect(fullJitter({ minMs: 100 }, () => 0.5)(0)).toBe(50);
  });

  it('adds to a wait that the server asked for', () => {
    expect(fullJitter({ minMs: 100 }, () => 0.5)(0, 3_000)).toBe(3_050);
  });
});
