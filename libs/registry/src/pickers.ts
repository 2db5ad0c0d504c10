import { rendezvous } from '@parley/sharding';
import type { Instance } from './registry.js';

/** Chooses one of the candidates; undefined when there is none. `key` ties a subject to one instance where supported. */
export type Picker = (candidates: readonly Instance[], key?: string) => Instance | undefined;

/** Each in turn. */
export function roundRobin(): Picker {
  let turn = 0;
  return (candidates) => candidates[turn++ % Math.max(candidates.length, 1)];
}

/** The one with the smallest reported load; among equals the first by id. */
export const leastLoaded: Picker = (candidates) =>
  candidates.reduce<Instance | undefined>(
    (best, next) => (best && best.load <= next.load ? best : next),
    undefined,
  );

/** One key, one instance, while the list stays: adding or removing an instance moves only its own keys. */
export const byKey: Picker = (candidates, key = '') => {
  const chosen = rendezvous(
    key,
    candidates.map(({ instanceId }) => instanceId),
  );
  return candidates.find(({ instanceId }) => instanceId === chosen);
};
