import { useLayoutEffect, useRef, type RefObject } from 'react';

/**
 * Brings the entry that is shown into view, and keeps it there when others move it: lists are in the order of use. Who has
 * scrolled away from it is left alone.
 *
 * @param shown - Names the entry; undefined when the list has none. It is the element with `aria-current`.
 * @param place - Changes when something moves it.
 */
export function useKeepInView(
  list: RefObject<HTMLElement | null>,
  shown: string | undefined,
  place: number,
): void {
  const isInView = useRef(false);
  // Before a frame is shown: an observer would report what was moved as scrolled away otherwise.
  useLayoutEffect(() => {
    const entry = shown === undefined ? undefined : list.current?.querySelector('[aria-current]');
    if (!entry) return;
    entry.scrollIntoView({ block: 'nearest' });
    isInView.current = true;
    // Told a frame later: when the list has just changed it still says how it was before.
    const observer = new IntersectionObserver(([seen]) => {
      isInView.current = seen?.isIntersecting ?? false;
    });
    observer.observe(entry);
    return () => observer.disconnect();
  }, [list, shown]);
  useLayoutEffect(() => {
    if (isInView.current) list.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' });
  }, [list, place]);
}
