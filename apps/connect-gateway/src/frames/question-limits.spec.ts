import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { QuestionLimits } from './question-limits.js';

describe('who asks who is online', () => {
  it('may do so ten times at once and twice a second, each user of each room', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const limits = new QuestionLimits();
    for (let i = 0; i < 10; i++) limits.take(1, 7);
    const limited = (retryAfterMs: number) => expect.objectContaining({ code: 'RATE_LIMITED', retryAfterMs });
    expect(() => limits.take(1, 7)).toThrow(limited(500) as Error);
    for (let i = 0; i < 10; i++) {
      limits.take(1, 8);
      limits.take(2, 7);
    }
    vi.advanceTimersByTime(500);
    limits.take(1, 7);
    expect(() => limits.take(1, 7)).toThrow(limited(500) as Error);
  });
});
