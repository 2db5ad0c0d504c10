import { describe, expect, it } from 'vitest';

describe('a suite', () => {
  it('has a test that fails', () => expect('one').toBe('another'));

  it('has a test that never yields', { timeout: 100 }, () => {
    for (;;);
  });
});
