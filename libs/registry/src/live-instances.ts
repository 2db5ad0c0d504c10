import type { Registry } from './registry.js';

/**
 * Which of these instances hold a lease. The watched list may lag behind one that has just started, so it is re-read
 * before anybody is judged dead.
 *
 * @returns Those that live, in no particular order; all of them when none is unknown, without a round trip.
 * @throws When an instance is unknown and the store cannot be reached.
 */
export async function liveAmong(
  registry: Registry,
  service: string,
  instanceIds: Iterable<string>,
): Promise<ReadonlySet<string>> {
  const asked = [...instanceIds];
  const known = () => new Set(registry.list(service).map(({ instanceId }) => instanceId));
  const alive = (live: ReadonlySet<string>) => new Set(asked.filter((instanceId) => live.has(instanceId)));
  const first = alive(known());
  if (asked.every((instanceId) => first.has(instanceId))) return first;
  await registry.refresh(service);
  return alive(known());
}
