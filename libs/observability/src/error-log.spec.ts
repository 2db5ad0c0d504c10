import type { Logger } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { throttledErrorLog } from './error-log.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp() {
  const lines: Record<string, unknown>[] = [];
  const log = throttledErrorLog({
    warn: (fields: Record<string, unknown>) => lines.push(fields),
  } as unknown as Logger);
  return { lines, log };
}

it('writes one line per place in five seconds, and says how many it left out', () => {
  const { lines, log } = setUp();
  for (const reason of ['a', 'b', 'c']) log(new Error(reason), 'here');
  log(new Error('d'), 'there');
  vi.advanceTimersByTime(5_000);
  log(new Error('e'), 'here');
  expect(lines).toMatchObject([
    { where: 'here', reason: 'a' },
    { where: 'there', reason: 'd' },
    { where: 'here', reason: 'e', suppressed: 2 },
  ]);
});

// A server clock set back an hour silenced every place that had just spoken, for an hour.
it('goes on writing when the clock is set back', () => {
  const { lines, log } = setUp();
  log(new Error('before'), 'here');
  vi.setSystemTime(Date.now() - 3_600_000);
  vi.advanceTimersByTime(5_000);
  log(new Error('after'), 'here');
  expect(lines).toMatchObject([{ reason: 'before' }, { reason: 'after' }]);
});
