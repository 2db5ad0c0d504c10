import { useSyncExternalStore } from 'react';
import { serverClock } from './server-clock.js';

/** Calls every second, until the returned function is called. */
export function everySecond(listener: () => void): () => void {
  const timer = setInterval(listener, 1_000);
  return () => clearInterval(timer);
}

/** {@link serverClock} to the second, milliseconds since 1970; renders again with every one. */
export function useServerClock(): number {
  return useSyncExternalStore(everySecond, () => Math.floor(serverClock.nowMs() / 1_000) * 1_000);
}
