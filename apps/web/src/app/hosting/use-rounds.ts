import { useEffect, useState } from 'react';
import { lookAgain } from '../look-again.js';

/** Counts up while it is shown, and on: each time is one to look again. */
export function useRounds(everyMs: number, isOn = true): number {
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (!isOn) return;
    const shown = new AbortController();
    lookAgain(() => setRound((before) => before + 1), everyMs, shown.signal);
    return () => shown.abort();
  }, [everyMs, isOn]);
  return round;
}
