import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ServerClock } from './server-clock.js';

/** What the server's clock shows when the device's shows 10:00:00.000. */
const start = Date.parse('2026-11-02T10:00:00Z');
const HOUR_MS = 3_600_000;
/** As a server whose clock is ahead of the device's by so much dates an answer. */
const dateOf = (aheadMs: number) => Math.floor((Date.now() + aheadMs) / 1_000) * 1_000;

beforeEach(() => void vi.useFakeTimers({ now: start }));
afterEach(() => void vi.useRealTimers());

it('is the clock of a device that is right, whenever in a second an answer comes', () => {
  const clock = new ServerClock();
  for (let i = 0; i < 50; i++) {
    vi.advanceTimersByTime(70);
    clock.answered(dateOf(0), 70);
    vi.advanceTimersByTime(37);
    clock.sent(Date.now() - 37);
    expect(clock.nowMs()).toBe(Date.now());
  }
});

it.each([2 * HOUR_MS, -2 * HOUR_MS, 20_000, -20_000])(
  'is right to the second where the device is behind by %i ms',
  (aheadMs) => {
    const clock = new ServerClock();
    vi.advanceTimersByTime(300);
    clock.answered(dateOf(aheadMs), 300.3);
    expect(Math.abs(clock.nowMs() - (Date.now() + aheadMs))).toBeLessThanOrEqual(1_300);
    // What it is part of is sent to the server, which takes whole ones.
    expect(clock.nowMs() % 1).toBe(0);
  },
);

it('follows a device whose clock is set, at the next answer', () => {
  const clock = new ServerClock();
  clock.answered(start, 0);
  vi.setSystemTime(start + HOUR_MS);
  clock.answered(start, 0);
  expect(Math.abs(clock.nowMs() - start)).toBeLessThanOrEqual(1_000);
});

it('is not behind what has come from there', () => {
  const clock = new ServerClock();
  clock.sent(start + 900);
  expect(clock.nowMs()).toBe(start);
  clock.sent(start + 5_000);
  expect(clock.nowMs()).toBe(start + 5_000);
  clock.sent(start + 1_000);
  expect(clock.nowMs()).toBe(start + 5_000);
});
