import { useCallback, useSyncExternalStore } from 'react';

// One list for each query that is written in the code: making one takes longer than asking it.
const mediaQueries = new Map<string, MediaQueryList>();

/** A CSS media query that is looked at again and again. */
export function mediaQuery(query: string): MediaQueryList {
  const list = mediaQueries.get(query) ?? window.matchMedia(query);
  mediaQueries.set(query, list);
  return list;
}

/** Whether a CSS media query matches, now and after every change. */
export function useMediaQuery(query: string): boolean {
  const subscribe = useCallback(
    (listener: () => void) => {
      const list = mediaQuery(query);
      list.addEventListener('change', listener);
      return () => list.removeEventListener('change', listener);
    },
    [query],
  );
  return useSyncExternalStore(subscribe, () => mediaQuery(query).matches);
}

function subscribeVisibility(listener: () => void): () => void {
  document.addEventListener('visibilitychange', listener);
  return () => document.removeEventListener('visibilitychange', listener);
}

/** Whether somebody may be looking: the tab is in front. */
export const usePageVisible = (): boolean =>
  useSyncExternalStore(subscribeVisibility, () => document.visibilityState === 'visible');
