/**
 * Looks again at what others may change meanwhile, of which the server tells nothing: every so often while the tab is in front, and
 * as soon as somebody comes back to it, or the network does.
 */
export function lookAgain(look: () => void, everyMs: number, signal: AbortSignal): void {
  const again = () => {
    if (document.visibilityState === 'visible') look();
  };
  const timer = setInterval(again, everyMs);
  signal.addEventListener('abort', () => clearInterval(timer));
  for (const event of ['focus', 'online'] as const) window.addEventListener(event, again, { signal });
  document.addEventListener('visibilitychange', again, { signal });
}
