/** A page that came to be hidden meanwhile is not painted for long. */
const patienceMs = 100;

/**
 * Runs `then` when the page is about to be painted, within 100 ms in any case; at once where nothing is painted, as in a hidden
 * tab.
 */
export function beforePaint(then: () => void): void {
  if (typeof requestAnimationFrame === 'undefined' || document.visibilityState !== 'visible') {
    then();
    return;
  }
  const run = () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    then();
  };
  const timer = setTimeout(run, patienceMs);
  const frame = requestAnimationFrame(run);
}
