import { useSyncExternalStore } from 'react';

function everySecond(listener: () => void): () => void {
  const timer = setInterval(listener, 1_000);
  return () => clearInterval(timer);
}
const never = () => () => undefined;
const second = () => Math.floor(Date.now() / 1_000) * 1_000;

/**
 * What time it is, milliseconds since 1970, to the second: for moments that the server names.
 *
 * @param isTicking - Whether to render again with every second. @defaultValue true
 */
export function useWallClock(isTicking = true): number {
  return useSyncExternalStore(isTicking ? everySecond : never, second);
}
