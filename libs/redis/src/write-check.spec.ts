import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { RedisConnections } from './connections.js';
import { testKeys } from './store.fixture.js';
import { checkWrite } from './write-check.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A connection whose write is answered as the test says. */
function world(over: { status?: string; outOfUse?: string; answer?: () => Promise<unknown> } = {}) {
  const written: unknown[][] = [];
  const main = {
    status: over.status ?? 'ready',
    set: (...args: unknown[]) => (written.push(args), (over.answer ?? (async () => 'OK'))()),
  };
  const connections = { main, outOfUse: over.outOfUse } as unknown as RedisConnections;
  return { written, check: () => checkWrite(connections, testKeys('p:'), 'i1') };
}

it('is true when a key of the instance was written, which lives a minute', async () => {
  const { written, check } = world();
  expect(await check()).toBe(true);
  expect(written).toEqual([['p:write-check:i1', 1, 'PX', 60_000]]);
  expect(vi.getTimerCount()).toBe(0);
});

it('says why a write was refused', async () => {
  const { check } = world({ answer: () => Promise.reject(new Error('MISCONF Errors writing')) });
  expect(await check()).toBe('cannot write its files');
  expect(vi.getTimerCount()).toBe(0);
});

it.each([undefined, 'read-only replica'])('writes nothing without a connection (%s)', async (outOfUse) => {
  const { written, check } = world({ status: 'reconnecting', ...(outOfUse && { outOfUse }) });
  expect(await check()).toBe(outOfUse ?? 'not connected');
  expect(written).toEqual([]);
});

it.each([undefined, 'read-only replica'])('waits 900 ms for an answer (%s)', async (outOfUse) => {
  const { check } = world({ answer: () => new Promise(() => undefined), ...(outOfUse && { outOfUse }) });
  const verdict = check();
  await vi.advanceTimersByTimeAsync(899);
  expect(await Promise.race([verdict, 'waiting'])).toBe('waiting');
  await vi.advanceTimersByTimeAsync(1);
  expect(await verdict).toBe(outOfUse ?? 'does not answer');
});
