import { expect, it, onTestFinished, vi } from 'vitest';
import { ShutdownRegistry } from './shutdown-registry.js';

it('runs the last hook first, each once, and outlives late and failing ones', async () => {
  const registry = new ShutdownRegistry();
  const logger = { warn: vi.fn<(fields: unknown, msg?: string) => void>() };
  const ran: string[] = [];
  registry.onDrain(() => void ran.push('first'));
  registry.onDrain(() => Promise.reject(new Error('x')), { name: 'failing' });
  registry.onDrain(() => new Promise(() => undefined), { name: 'late', timeoutMs: 1 });
  const remove = registry.onDrain(() => void ran.push('removed'));
  registry.onDrain(() => void ran.push('last'));
  remove();
  remove();
  await registry.drain(10_000, logger);
  await registry.drain(10_000, logger);
  expect(ran).toEqual(['last', 'first']);
  expect(logger.warn.mock.calls).toMatchObject([
    [{ hook: 'late' }, 'drain is late'],
    [{ hook: 'failing' }, 'drain failed'],
  ]);
});

it('keeps all hooks together within the budget', async () => {
  const registry = new ShutdownRegistry();
  const logger = { warn: vi.fn() };
  for (const name of ['a', 'b']) registry.onDrain(() => new Promise(() => undefined), { name });
  const startedAt = Date.now();
  await registry.drain(50, logger);
  expect(Date.now() - startedAt).toBeLessThan(1_000);
  expect(logger.warn).toHaveBeenCalledTimes(2);
});

// A clock set back meanwhile gave the rest an hour, so that the process was killed in the middle of it.
it('keeps to the budget when the clock is set back', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const registry = new ShutdownRegistry();
  const logger = { warn: vi.fn() };
  registry.onDrain(() => new Promise(() => undefined), { name: 'second' });
  registry.onDrain(() => new Promise(() => undefined), { name: 'first', timeoutMs: 400 });
  const drained = vi.fn();
  void registry.drain(1_000, logger).then(drained);
  vi.setSystemTime(Date.now() - 3_600_000);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(drained).toHaveBeenCalled();
});
