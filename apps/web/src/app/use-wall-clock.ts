import { useSyncExternalStore } from 'react';

/** Calls every second, until the returned function is called. */
export function everySecond(listener: () => void): () => void {
  const timer = setInterval(listener, 1_000);
  return () => clearInterval(timer);
}

/** What time it is, milliseconds since 1970: for moments that the server names. */
export const wallClockMs = (): number => Date.now();

/** The same to the second, rendering again with every one. */
export function useWallClock(): number {
  return useSyncExternalStore(everySecond, () => Math.floor(wallClockMs() / 1_000) * 1_000);
}
