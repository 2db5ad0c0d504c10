import { useEffect, useEffectEvent, useState } from 'react';
import { useNewest } from '../use-newest.js';
import { codeOf } from './act-runner.js';

/** Something that is loaded when it is looked at. */
export interface Loaded<T> {
  readonly value: T | undefined;
  /** Why it could not be loaded. */
  readonly errorCode: string | undefined;
  /** Loads it once more. */
  readonly again: () => void;
  /** Shows what is known otherwise by now, and no answer to what was asked before. */
  readonly put: (value: T) => void;
}

/** Loads when it is shown, and again when it is asked to or `version` has changed. */
export function useLoaded<T>(load: () => Promise<T>, version: unknown = undefined): Loaded<T> {
  const [answer, setAnswer] = useState<{ value?: T; errorCode?: string }>({});
  const [round, setRound] = useState(0);
  const start = useEffectEvent(load);
  const newest = useNewest();
  useEffect(() => {
    const shown = newest();
    start().then(
      (value) => shown() && setAnswer({ value }),
      (error: unknown) => shown() && setAnswer((before) => ({ ...before, errorCode: codeOf(error) })),
    );
  }, [newest, round, version]);
  const again = () => {
    setAnswer({});
    setRound(round + 1);
  };
  const put = (value: T) => {
    newest()();
    setAnswer({ value });
  };
  return { value: answer.value, errorCode: answer.errorCode, again, put };
}
