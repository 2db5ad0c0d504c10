import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StopSequence } from './stop-sequence.js';

const logger = { info: () => undefined, fatal: () => undefined };

describe('StopSequence', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const sequence = (drain: () => Promise<void>, close = vi.fn(() => Promise.resolve())) => {
    const exit = vi.fn<(code: number) => void>();
    return { exit, close, stop: new StopSequence({ logger, deadlineMs: 1_000, drain, close, exit }) };
  };
  const never = () => new Promise<void>(() => undefined);
  /** A step that ends when the test lets it. */
  const held = () => {
    let release!: () => void;
    const step = vi.fn(() => new Promise<void>((resolve) => (release = resolve)));
    return { step, release: () => (release(), vi.advanceTimersByTimeAsync(0)) };
  };

  it('closes nothing before what is in hand is drained, and exits only when all is closed', async () => {
    const [draining, closing] = [held(), held()];
    const { stop, exit } = sequence(draining.step, closing.step);
    stop.onSignal('SIGTERM');
    await vi.advanceTimersByTimeAsync(500);
    expect(draining.step).toHaveBeenCalledOnce();
    expect(closing.step).not.toHaveBeenCalled();
    await draining.release();
    await vi.advanceTimersByTimeAsync(499);
    expect(closing.step).toHaveBeenCalledOnce();
    expect(exit).not.toHaveBeenCalled();
    await closing.release();
    expect(exit).toHaveBeenCalledExactlyOnceWith(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('has one deadline for drain and close together', async () => {
    const draining = held();
    const { stop, exit } = sequence(draining.step, vi.fn(never));
    stop.onSignal('SIGTERM');
    await vi.advanceTimersByTimeAsync(600);
    await draining.release();
    await vi.advanceTimersByTimeAsync(399);
    expect(exit).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(exit).toHaveBeenCalledExactlyOnceWith(1);
  });

  it.each([
    [250, 0],
    [251, 1],
  ])('takes a signal %i ms after the first for impatience %i times', (laterMs, times) => {
    const { stop, exit } = sequence(never);
    stop.onSignal('SIGTERM');
    vi.advanceTimersByTime(laterMs);
    stop.onSignal('SIGTERM');
    expect(exit).toHaveBeenCalledTimes(times);
  });

  it('starts once, whoever asks', async () => {
    const draining = held();
    const { stop } = sequence(draining.step);
    expect(stop.started).toBe(false);
    stop.onSignal('SIGTERM');
    expect(stop.started).toBe(true);
    stop.onSignal('SIGINT');
    stop.onDisconnect();
    await vi.advanceTimersByTimeAsync(0);
    expect(draining.step).toHaveBeenCalledOnce();
  });

  it('exits 1 at once on a second signal', () => {
    const { stop, exit, close } = sequence(never);
    stop.onSignal('SIGTERM');
    vi.advanceTimersByTime(300);
    stop.onSignal('SIGINT');
    expect(exit).toHaveBeenCalledExactlyOnceWith(1);
    expect(close).not.toHaveBeenCalled();
  });

  it('takes one Ctrl-C, seen as SIGINT, SIGTERM and a supervisor that goes, for one wish', async () => {
    // Regression: the supervisor's own end cut the drain short with exit 1.
    const { stop, exit } = sequence(never);
    stop.onSignal('SIGINT');
    stop.onSignal('SIGTERM');
    vi.advanceTimersByTime(500);
    stop.onDisconnect();
    expect(exit).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(499);
    expect(exit).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(exit).toHaveBeenCalledExactlyOnceWith(1);
  });

  it('drains, closes, exits 0', async () => {
    const { stop, exit, close } = sequence(() => Promise.resolve());
    stop.onDisconnect();
    expect(stop.started).toBe(true);
    await vi.advanceTimersByTimeAsync(0);
    expect(close).toHaveBeenCalledOnce();
    expect(exit).toHaveBeenCalledExactlyOnceWith(0);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(exit).toHaveBeenCalledOnce();
  });

  it.each([
    ['drain', () => Promise.reject(new Error('x')), () => Promise.resolve()],
    ['close', () => Promise.resolve(), () => Promise.reject(new Error('x'))],
  ])('exits 1, once, when %s fails', async (_step, drain, close) => {
    const { stop, exit } = sequence(drain, vi.fn(close));
    stop.onSignal('SIGTERM');
    await vi.advanceTimersByTimeAsync(2_000);
    expect(exit).toHaveBeenCalledExactlyOnceWith(1);
  });
});
