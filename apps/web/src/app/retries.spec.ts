import { ApiError } from '@parley/client';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Retries } from './retries.js';

const away = new ApiError(0, 'NETWORK', true);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Something that fails as often as there are errors, and how it ended. */
function setUp(errors: unknown[], { random = 0.5, visible = true } = {}) {
  const page = Object.assign(new EventTarget(), { visibilityState: visible ? 'visible' : 'hidden' });
  const retries = new Retries({ random: () => random, page: page as unknown as Document });
  const stop = new AbortController();
  const attempt = vi.fn(async () => {
    if (errors.length > 0) throw errors.shift();
    return 'loaded';
  });
  const failed = vi.fn();
  let end: unknown = 'not yet';
  void retries.run(attempt, { signal: stop.signal, failed }).then(
    (value) => (end = value),
    (error: unknown) => (end = error),
  );
  const show = () => {
    page.visibilityState = 'visible';
    page.dispatchEvent(new Event('visibilitychange'));
  };
  return { retries, stop, attempt, failed, show, end: () => end };
}
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

it('tries again, at growing waits of at most five seconds, until it succeeds', async () => {
  const { attempt, failed, end } = setUp(
    Array.from({ length: 6 }, () => away),
    { random: 1 },
  );
  const attempts = [];
  for (const ms of [0, 500, 1_000, 2_000, 4_000, 5_000, 5_000]) {
    await pass(ms);
    attempts.push(attempt.mock.calls.length);
  }
  expect(attempts).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(failed).toHaveBeenCalledTimes(6);
  expect(end()).toBe('loaded');
});

it.each([
  ['a room that is not there', new ApiError(404, 'ROOM_NOT_FOUND', false)],
  ['no access', new ApiError(403, 'FORBIDDEN', false)],
  ['no session', new ApiError(401, 'UNAUTHENTICATED', false)],
  ["a proxy's 404", new ApiError(404, 'BAD_RESPONSE', false)],
  ['a mistake of ours', new TypeError('x is undefined')],
])('does not repeat what stays: %s', async (_name, error) => {
  const { attempt, end } = setUp([error]);
  await pass(60_000);
  expect(attempt).toHaveBeenCalledOnce();
  expect(end()).toBe(error);
});

it.each([
  ["a captive portal's page", new ApiError(200, 'BAD_RESPONSE', false)],
  ["a proxy's 502", new ApiError(502, 'BAD_RESPONSE', true)],
])('repeats what passes: %s', async (_name, error) => {
  const { end } = setUp([error]);
  await pass(5_000);
  expect(end()).toBe('loaded');
});

it('waits at least as long as the server asks, however it is hurried', async () => {
  const limited = new ApiError(429, 'RATE_LIMITED', true, undefined, { retryAfterMs: 8_000 });
  const { retries, attempt, end } = setUp([limited], { random: 0 });
  await pass(4_000);
  retries.hurry(0);
  await pass(3_999);
  expect(attempt).toHaveBeenCalledOnce();
  await pass(1);
  expect(end()).toBe('loaded');
});

it('tries soon when the cause may be gone', async () => {
  const { retries, attempt } = setUp([away, away, away], { random: 1 });
  await pass(1_500);
  expect(attempt).toHaveBeenCalledTimes(3);
  retries.hurry();
  await pass(1_000);
  expect(attempt).toHaveBeenCalledTimes(4);
});

it('ends with the look at it', async () => {
  const { stop, attempt, end } = setUp([away, away]);
  await pass(0);
  stop.abort();
  await pass(60_000);
  expect(attempt).toHaveBeenCalledOnce();
  expect(end()).toBe(away);
});

it('waits while the tab is hidden', async () => {
  const { attempt, show, end } = setUp([away], { visible: false });
  await pass(60_000);
  expect(attempt).toHaveBeenCalledOnce();
  show();
  await pass(0);
  expect(end()).toBe('loaded');
});
