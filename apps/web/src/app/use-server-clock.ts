import { useSyncExternalStore } from 'react';
import { everySecond } from './every-second.js';
import { serverClock } from './server-clock.js';

/** {@link serverClock} to the second, milliseconds since 1970; renders again with every one. */
export function useServerClock(): number {
  return useSyncExternalStore(everySecond, () => Math.floor(serverClock.nowMs() / 1_000) * 1_000);
}
