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

it('begins the next hook only when the one before has finished what it had in hand', async () => {
  const registry = new ShutdownRegistry();
  const logger = { warn: vi.fn() };
  const earlier = vi.fn();
  let finish!: () => void;
  registry.onDrain(earlier);
  registry.onDrain(() => new Promise<void>((resolve) => (finish = resolve)));
  const drained = vi.fn();
  const draining = registry.drain(10_000, logger).then(drained);
  await new Promise((resolve) => setImmediate(resolve));
  expect(earlier).not.toHaveBeenCalled();
  finish();
  await draining;
  expect(earlier).toHaveBeenCalledOnce();
  expect(drained).toHaveBeenCalledOnce();
  expect(logger.warn).not.toHaveBeenCalled();
});

it('gives a hook its own time, less when the budget ends before, and leaves no timer', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const registry = new ShutdownRegistry();
  const logger = { warn: vi.fn<(fields: unknown, msg?: string) => void>() };
  const never = () => new Promise<void>(() => undefined);
  registry.onDrain(never, { name: 'third', timeoutMs: 900 });
  registry.onDrain(() => undefined, { name: 'second' });
  registry.onDrain(never, { name: 'first', timeoutMs: 400 });
  const drained = vi.fn();
  void registry.drain(1_000, logger).then(drained);
  await vi.advanceTimersByTimeAsync(399);
  expect(logger.warn).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(logger.warn).toHaveBeenCalledOnce();
  await vi.advanceTimersByTimeAsync(599);
  expect(drained).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(drained).toHaveBeenCalled();
  expect(logger.warn.mock.calls.map(([fields]) => fields)).toEqual([
    { hook: 'first', afterMs: 400 },
    { hook: 'third', afterMs: 600 },
  ]);
  expect(vi.getTimerCount()).toBe(0);
});

it('survives a late hook that fails afterwards', async () => {
  const registry = new ShutdownRegistry();
  let fail!: (error: Error) => void;
  registry.onDrain(() => new Promise((_resolve, reject) => (fail = reject)), { timeoutMs: 1 });
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  onTestFinished(() => void process.off('unhandledRejection', unhandled));
  await registry.drain(1_000, { warn: vi.fn() });
  fail(new Error('too late'));
  await new Promise((resolve) => setImmediate(resolve));
  expect(unhandled).not.toHaveBeenCalled();
});

it('takes away the hook that is meant, and no other', async () => {
  const registry = new ShutdownRegistry();
  const [kept, removed] = [vi.fn(), vi.fn()];
  const remove = registry.onDrain(removed);
  registry.onDrain(kept);
  remove();
  remove();
  await registry.drain(1_000, { warn: vi.fn() });
  expect(kept).toHaveBeenCalledOnce();
  expect(removed).not.toHaveBeenCalled();
});
