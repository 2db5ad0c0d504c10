import { useSyncExternalStore } from 'react';
import { serverClock } from './server-clock.js';
import { dayStart } from './text/dates.js';

/** Often enough that "Today" is not wrong for long, milliseconds. */
const checkIntervalMs = 30_000;

function subscribe(listener: () => void): () => void {
  const timer = setInterval(listener, checkIntervalMs);
  return () => clearInterval(timer);
}

/** Local midnight of the present day, milliseconds; renders again when the day changes. */
export const useToday = (): number => useSyncExternalStore(subscribe, () => dayStart(serverClock.nowMs()));
