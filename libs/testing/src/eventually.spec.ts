import { afterEach, describe, expect, it, vi } from 'vitest';
import { eventually } from './index.js';

afterEach(() => {
  vi.useRealTimers();
});

describe('eventually', () => {
  it('returns what the first passing attempt returns', async () => {
    let attempts = 0;
    const value = await eventually(() => {
      if (++attempts < 3) throw new Error('not yet');
      return attempts;
    });
    expect(value).toBe(3);
    await expect(eventually(async () => false)).resolves.toBe(false);
  });

  it('rethrows the last error with what was waited for, and how long', async () => {
    let attempts = 0;
    const failing = eventually(() => expect(++attempts).toBe(-1), {
      timeoutMs: 60,
      intervalMs: 5,
      message: 'count',
    });
    const error = await failing.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ name: 'AssertionError', actual: attempts, expected: -1 });
    expect((error as Error).message).toMatch(/^count: .*still failing after \d+ ms, \d+ attempts\)$/s);
    expect(attempts).toBeGreaterThan(1);
  });

  it('gives up on an attempt that never settles', async () => {
    const hanging = eventually(() => new Promise(() => undefined), { timeoutMs: 40 });
    await expect(hanging).rejects.toThrow(/did not finish/);
  });

  it('turns a thrown non-error into an error', async () => {
    const failing = eventually(() => Promise.reject('plain text'), { timeoutMs: 1 });
    await expect(failing).rejects.toThrow(/^plain text/);
  });

  it('waits in real time under a fake clock', async () => {
    vi.useFakeTimers();
    let attempts = 0;
    await eventually(() => expect(++attempts).toBe(2), { timeoutMs: 1_000 });
    expect(attempts).toBe(2);
  });
});
