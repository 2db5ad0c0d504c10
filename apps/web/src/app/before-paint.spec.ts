import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { beforePaint } from './before-paint.js';

describe('beforePaint', () => {
  /** A page whose frames are painted by hand. */
  function page(visibilityState: DocumentVisibilityState) {
    const frames = new Map<number, () => void>();
    let last = 0;
    vi.stubGlobal('document', { visibilityState });
    vi.stubGlobal('requestAnimationFrame', (then: () => void) => {
      frames.set(++last, then);
      return last;
    });
    vi.stubGlobal('cancelAnimationFrame', (id: number) => frames.delete(id));
    const paint = () => {
      const due = [...frames.values()];
      frames.clear();
      for (const then of due) then();
    };
    return { paint };
  }
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('waits for the next frame, and runs once', () => {
    const { paint } = page('visible');
    const then = vi.fn();
    beforePaint(then);
    expect(then).not.toHaveBeenCalled();
    paint();
    expect(then).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(1_000);
    paint();
    expect(then).toHaveBeenCalledTimes(1);
  });

  it('does not wait for long where no frame comes, and runs once when it comes after all', () => {
    const { paint } = page('visible');
    const then = vi.fn();
    beforePaint(then);
    vi.advanceTimersByTime(99);
    expect(then).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(then).toHaveBeenCalledTimes(1);
    paint();
    expect(then).toHaveBeenCalledTimes(1);
  });

  it('runs at once in a hidden tab, and where there is no page', () => {
    page('hidden');
    const then = vi.fn();
    beforePaint(then);
    expect(then).toHaveBeenCalledTimes(1);
    vi.unstubAllGlobals();
    beforePaint(then);
    expect(then).toHaveBeenCalledTimes(2);
  });
});
