import { describe, expect, it } from 'vitest';
import { SendLimits } from './send-limits.js';

const NOW = 1_000_000;
const takeMany = (limits: SendLimits, count: number, nowMs: number, userId = 1) =>
  Array.from({ length: count }, () => limits.take(userId, nowMs));

describe('SendLimits', () => {
  it('lets a burst through and says how long to wait for the next', () => {
    const limits = new SendLimits(3, 10);
    expect(takeMany(limits, 4, NOW)).toEqual([0, 0, 0, 100]);
  });

  it('lets the send through after the time it named, and not before', () => {
    const limits = new SendLimits(1, 4);
    limits.take(1, NOW);
    expect(limits.take(1, NOW)).toBe(250);
    expect(limits.take(1, NOW + 249)).toBeGreaterThan(0);
    expect(limits.take(1, NOW + 250)).toBe(0);
  });

  it('costs nothing to be refused', () => {
    const limits = new SendLimits(1, 1);
    limits.take(1, NOW);
    takeMany(limits, 50, NOW);
    expect(limits.take(1, NOW + 1_000)).toBe(0);
  });

  it('saves up no more than a burst', () => {
    const limits = new SendLimits(2, 10);
    takeMany(limits, 2, NOW);
    expect(takeMany(limits, 3, NOW + 3_600_000)).toEqual([0, 0, 100]);
  });

  it('keeps users apart', () => {
    const limits = new SendLimits(1, 1);
    expect([limits.take(1, NOW), limits.take(2, NOW), limits.take(1, NOW)]).toEqual([0, 0, 1_000]);
  });
});
