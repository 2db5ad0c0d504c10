import { beforePaint } from './before-paint.js';
import { Observable, type Watchable } from './observable.js';

/** On a machine that cannot keep up, this share of the time at most is spent on showing, and no change waits longer. */
const busiestShare = 0.75;
const longestIntervalMs = 500;

/**
 * A value as it is shown: follows another one, but changes at most once per interval, so that a burst of changes is one
 * render. A change after a quiet interval shows as soon as whoever makes it is done: what is true for a moment only, as a
 * message that came and is not read yet, never shows. Where renders are slow, one after the other, the interval grows: what is
 * shown late is still shown, and keys and messages have their turns.
 *
 * What had to wait is taken when the page is about to be painted, as late as can be: what comes between the timer and the frame
 * is in it, and as few frames show everything as soon. But nothing depends on frames, nor on the timer alone: hidden tabs have
 * none of the former, and few of the latter, and the number of unread messages in their title must move.
 *
 * @param leastIntervalMs - Least time between two changes, milliseconds.
 * @param frame - Runs something before the page is painted.
 */
export function paced<T>(
  source: Watchable<T>,
  leastIntervalMs: number,
  frame: (then: () => void) => void = beforePaint,
): Watchable<T> {
  const shown = new Observable(source.get());
  let shownAtMs = -Infinity;
  let intervalMs = leastIntervalMs;
  let lastTookMs = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isDue = false;

  const show = () => {
    clearTimeout(timer);
    timer = undefined;
    isDue = false;
    const startedAtMs = performance.now();
    shownAtMs = startedAtMs;
    shown.set(source.get());
    // The next turn comes when the render is done, and what has waited for it.
    setTimeout(() => {
      const tookMs = performance.now() - startedAtMs;
      // One that took long by itself, as while garbage was collected, makes nobody wait twice.
      const wantedMs = Math.min(tookMs, lastTookMs) / busiestShare;
      lastTookMs = tookMs;
      intervalMs = Math.min(Math.max(leastIntervalMs, wantedMs), longestIntervalMs);
    });
  };
  const showBeforePaint = () => {
    isDue = true;
    frame(show);
  };
  source.subscribe(() => {
    if (isDue) return;
    const waitMs = shownAtMs + intervalMs - performance.now();
    isDue = waitMs <= 0;
    if (isDue) queueMicrotask(show);
    else timer ??= setTimeout(showBeforePaint, waitMs);
  });
  return shown;
}
