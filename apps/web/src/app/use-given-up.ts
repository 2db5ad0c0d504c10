import { useEffectEvent, useLayoutEffect } from 'react';

/**
 * Gives up what was asked for and is not there yet, as a dialog whose part of the site is still loaded, as soon as the focus goes
 * elsewhere: who has begun something else is not to be torn out of it, nor to press a button that he has not seen.
 */
export function useGivenUp(isWaiting: boolean, giveUp: () => void): void {
  const onElsewhere = useEffectEvent(giveUp);
  // It has ended when what was asked for takes the focus itself.
  useLayoutEffect(() => {
    if (!isWaiting) return;
    // A window that comes back to the front gives it to the same element again.
    const { activeElement } = document;
    const ended = new AbortController();
    const onFocus = ({ target }: FocusEvent) => target !== activeElement && onElsewhere();
    document.addEventListener('focusin', onFocus, { signal: ended.signal });
    return () => ended.abort();
  }, [isWaiting]);
}
