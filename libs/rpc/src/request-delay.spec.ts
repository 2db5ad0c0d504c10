import { expect, it } from 'vitest';
import { RequestDelays } from './request-delay.js';

/** The caller's clock is this far from the callee's, milliseconds. */
const APART_MS = 3_600_000;

it('counts from the fastest request, however far the clocks are apart', () => {
  const delays = new RequestDelays();
  // Sent at 0, under way for 5, 2 and 700 ms.
  expect(delays.arrived('a', 0, APART_MS + 5)).toBe(0);
  expect(delays.arrived('a', 100, APART_MS + 102)).toBe(0);
  expect(delays.arrived('a', 200, APART_MS + 900)).toBe(698);
  expect(delays.arrived('b', 0, 5)).toBe(0);
});

it('follows clocks that drift, and remembers the fastest for a window at least', () => {
  const delays = new RequestDelays();
  delays.arrived('a', 0, 2);
  expect(delays.arrived('a', 29_000, 29_900)).toBe(898);
  // A second window, in which the clock here gained 15 ms.
  expect(delays.arrived('a', 31_000, 31_017)).toBe(15);
  // In the third, that is how it is.
  expect(delays.arrived('a', 62_000, 62_017)).toBe(0);
});

it('knows what lay in a socket while the process stood still for longer than a window', () => {
  const delays = new RequestDelays();
  delays.arrived('a', 0, 1);
  expect(delays.arrived('a', 1_000, 91_001)).toBe(90_000);
  expect(delays.arrived('a', 91_500, 91_501)).toBe(0);
});

it('forgets the oldest clock when there are too many', () => {
  const delays = new RequestDelays();
  for (let i = 0; i < 2_048; i++) delays.arrived(`c${i}`, 0, 0);
  expect(delays.arrived('c0', 0, 10)).toBe(10);
  delays.arrived('another', 0, 0);
  expect(delays.arrived('c0', 0, 10)).toBe(0);
  expect(delays.arrived('c2', 0, 10)).toBe(10);
});
