import { describe, expect, it } from 'vitest';

describe('a suite', () => {
  it('has a test that fails', () => expect('one').toBe('another'));

  // Results are sent every 100 ms, by workers that yield.
  it('has a test that waits', () => new Promise((resolve) => setTimeout(resolve, 1_000)));

  it('has a test that never yields', { timeout: 100 }, () => {
    for (;;);
  });
});
