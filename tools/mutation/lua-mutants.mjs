import { acceptMutants } from './lua-mutants/accept.mjs';
import { actMutants } from './lua-mutants/acts.mjs';
import { headMutants } from './lua-mutants/heads.mjs';
import { instanceMutants } from './lua-mutants/instances.mjs';
import { streamMutants } from './lua-mutants/streams.mjs';

/**
 * Plausible bugs of the Lua scripts, written by hand: no mutation tool reads Lua. A change to a script that takes a `find`
 * away is an error, so the list is kept with the scripts.
 *
 * @type {readonly import('./lua-mutant.mjs').LuaMutant[]}
 */
export const luaMutants = [
  ...acceptMutants,
  ...actMutants,
  ...headMutants,
  ...instanceMutants,
  ...streamMutants,
];

/**
 * Specs of `libs/redis` that use a script, the likeliest to fail first. Each script has some.
 *
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const specsOfScript = {
  'accept-message-10': ['room-store.acts', 'room-store.dedup', 'room-store.int', 'line-store'],
  'acquire-lease-2': ['lease-store'],
  'adopt-database-1': ['database-life-store'],
  'drop-instance-6': ['presence-store'],
  'heartbeat-instance-1': ['instance-scripts'],
  'list-instances-1': ['instance-scripts'],
  'list-members-2': ['presence-store'],
  'prove-line-1': ['line-store', 'room-store.restore'],
  'raise-database-1': ['database-life-store'],
  'raise-head-1': ['room-store.restore', 'room-store.int'],
  'release-lease-1': ['lease-store', 'database-life-store'],
  'remove-instance-1': ['instance-scripts'],
  'restore-head-5': ['room-store.acts', 'room-store.restore', 'line-store', 'room-store.dedup'],
  'share-presence-8': ['presence-store'],
  'survey-line-2': ['line-store', 'room-store.dedup'],
  'swap-dispatch-4': ['database-life-store'],
  'trim-dispatch-1': ['trim-dispatch'],
  'unload-room-7': ['parking-store'],
};
