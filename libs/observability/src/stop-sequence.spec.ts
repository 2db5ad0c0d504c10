import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StopSequence } from './stop-sequence.js';

const logger = { info: () => undefined, fatal: () => undefined };

describe('StopSequence', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const sequence = (drain: () => Promise<void>) => {
    const exit = vi.fn<(code: number) => void>();
    const close = vi.fn(() => Promise.resolve());
    return { exit, close, stop: new StopSequence({ logger, deadlineMs: 1_000, drain, close, exit }) };
  };
  const never = () => new Promise<void>(() => undefined);

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

  it('exits 1 when a step fails', async () => {
    const { stop, exit } = sequence(() => Promise.reject(new Error('x')));
    stop.onSignal('SIGTERM');
    await vi.advanceTimersByTimeAsync(0);
    expect(exit).toHaveBeenCalledExactlyOnceWith(1);
  });
});
