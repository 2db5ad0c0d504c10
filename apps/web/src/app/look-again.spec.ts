import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { lookAgain } from './look-again.js';

const page = Object.assign(new EventTarget(), { visibilityState: 'visible' });
const browser = new EventTarget();
beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('document', page);
  vi.stubGlobal('window', browser);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it('looks every so often and when somebody comes back, not while the tab is hidden, and not after the end', () => {
  const [look, shown] = [vi.fn(), new AbortController()];
  const looked = () => look.mock.calls.length;
  lookAgain(look, 1_000, shown.signal);
  expect(looked()).toBe(0);
  vi.advanceTimersByTime(2_000);
  expect(looked()).toBe(2);
  page.visibilityState = 'hidden';
  page.dispatchEvent(new Event('visibilitychange'));
  vi.advanceTimersByTime(9_000);
  expect(looked()).toBe(2);
  page.visibilityState = 'visible';
  page.dispatchEvent(new Event('visibilitychange'));
  for (const event of ['focus', 'online']) browser.dispatchEvent(new Event(event));
  expect(looked()).toBe(5);
  shown.abort();
  for (const event of ['focus', 'online']) browser.dispatchEvent(new Event(event));
  page.dispatchEvent(new Event('visibilitychange'));
  vi.advanceTimersByTime(9_000);
  expect(looked()).toBe(5);
});
