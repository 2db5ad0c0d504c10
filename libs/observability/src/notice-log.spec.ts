import type { Logger } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { noticeLog } from './notice-log.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp() {
  const lines: unknown[] = [];
  const warn = (fields: object, message: string) => lines.push({ ...fields, message });
  return { lines, notice: noticeLog({ warn } as unknown as Logger) };
}

it('writes each message and key once in ten minutes', () => {
  const { lines, notice } = setUp();
  for (const key of ['a', 'b', 'a']) notice('refused', key, { key });
  notice('other', 'a', { key: 'a' });
  vi.advanceTimersByTime(10 * 60_000 - 1);
  notice('refused', 'a', { key: 'a' });
  vi.advanceTimersByTime(1);
  notice('refused', 'a', { key: 'again' });
  expect(lines).toMatchObject([
    { message: 'refused', key: 'a' },
    { message: 'refused', key: 'b' },
    { message: 'other', key: 'a' },
    { message: 'refused', key: 'again' },
  ]);
});

it('writes a hundred at most in that time, and says afterwards how many there were', () => {
  const { lines, notice } = setUp();
  for (let i = 0; i < 5_000; i++) notice('refused', `${i}`, {});
  expect(lines).toHaveLength(100);
  vi.advanceTimersByTime(10 * 60_000);
  notice('refused', 'new', {});
  notice('refused', 'newer', {});
  expect(lines.slice(100)).toMatchObject([{ suppressed: 4_900 }, { suppressed: undefined }]);
});
