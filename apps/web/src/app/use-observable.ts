import { useSyncExternalStore } from 'react';
import type { Watchable } from './observable.js';

/**
 * Renders again when the selected part of the value changes.
 *
 * @param select - Must return the same reference for the same state: pick, do not build.
 */
export function useObservable<T, S>(source: Watchable<T>, select: (value: T) => S): S {
  return useSyncExternalStore(source.subscribe, () => select(source.get()));
}
