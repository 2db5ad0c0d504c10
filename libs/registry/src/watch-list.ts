import type { Instance, RegistryWatcher } from './registry.js';

/** The last known list of one service, and who wants to hear of changes. */
export class WatchList {
  private instances: readonly Instance[] = [];
  private readonly watchers = new Set<RegistryWatcher>();

  get current(): readonly Instance[] {
    return this.instances;
  }

  add(watcher: RegistryWatcher): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  /**
   * Replaces the list; tells the watchers when it differs in more than loads. Sorted by id, so that every process sees one
   * order.
   */
  replace(instances: readonly Instance[]): void {
    const sorted = [...instances].sort((a, b) => (a.instanceId < b.instanceId ? -1 : 1));
    const isSettled = settled(sorted) === settled(this.instances);
    this.instances = sorted;
    if (isSettled) return;
    for (const watcher of this.watchers) watcher(sorted);
  }
}

/** A list without what may move with every heartbeat. */
function settled(instances: readonly Instance[]): string {
  return JSON.stringify(instances.map((instance) => ({ ...instance, load: 0 })));
}
