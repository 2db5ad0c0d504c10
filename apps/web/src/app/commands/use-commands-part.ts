import { useEffect, type ComponentType } from 'react';
import { loadPart } from '../load-part.js';
import { Observable } from '../observable.js';
import { Retries } from '../retries.js';
import { useObservable } from '../use-observable.js';
import type { CommandsProps } from './commands.js';

/** The part of the site that does commands. Most people never write one. */
interface CommandsPart {
  readonly Commands: ComponentType<CommandsProps>;
}
const loaded = new Observable<CommandsPart | undefined>(undefined);

/** That part, once somebody has begun a command. @returns Undefined until it is there. */
export function useCommandsPart(isWanted: boolean): CommandsPart | undefined {
  useEffect(() => {
    if (!isWanted || loaded.get()) return;
    const line = new AbortController();
    new Retries()
      .run(() => loadPart(() => import('./commands.js')), { signal: line.signal })
      .then((part) => loaded.set(part))
      // Tried again until nobody wants it.
      .catch(() => undefined);
    return () => line.abort();
  }, [isWanted]);
  return useObservable(loaded, (part) => part);
}
