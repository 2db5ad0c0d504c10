import { registryFull } from './registry-full.js';
import { MAX_INSTANCES_PER_SERVICE, type Instance, type Registry, type RegistryWatcher } from './registry.js';
import { WatchList } from './watch-list.js';

interface Leased {
  readonly instance: Instance;
  readonly leaseEndsAt: number;
}

export interface MemoryRegistryOptions {
  /** Life of a lease, milliseconds. */
  readonly leaseTtlMs: number;
  /** Live instances of one service. @defaultValue 256 */
  readonly maxInstances?: number;
  readonly now?: () => number;
}

/** A registry within one process: for tests, and for what runs alone. */
export class MemoryRegistry implements Registry {
  private readonly services = new Map<string, Map<string, Leased>>();
  private readonly lists = new Map<string, WatchList>();
  private readonly timers = new Set<NodeJS.Timeout>();

  constructor(private readonly options: MemoryRegistryOptions) {}

  async register(instance: Instance): Promise<void> {
    const leased = this.leased(instance.service);
    if (!leased.has(instance.instanceId)) this.makeRoom(instance, leased);
    leased.set(instance.instanceId, { instance, leaseEndsAt: this.now() + this.options.leaseTtlMs });
    this.publish(instance.service);
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      this.publish(instance.service);
    }, this.options.leaseTtlMs + 1);
    timer.unref();
    this.timers.add(timer);
  }

  async deregister(service: string, instanceId: string): Promise<void> {
    this.leased(service).delete(instanceId);
    this.publish(service);
  }

  list(service: string): readonly Instance[] {
    return this.lists.get(service)?.current ?? [];
  }

  async refresh(service: string): Promise<readonly Instance[]> {
    this.watchList(service);
    this.publish(service);
    return this.list(service);
  }

  async watch(service: string, watcher?: RegistryWatcher): Promise<() => void> {
    const stop = watcher ? this.watchList(service).add(watcher) : () => undefined;
    this.watchList(service);
    this.publish(service);
    return stop;
  }

  async close(): Promise<void> {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
    this.lists.clear();
  }

  private makeRoom(newcomer: Instance, leased: Map<string, Leased>): void {
    const now = this.now();
    for (const [id, { leaseEndsAt }] of leased) if (leaseEndsAt <= now) leased.delete(id);
    const maxInstances = this.options.maxInstances ?? MAX_INSTANCES_PER_SERVICE;
    if (leased.size >= maxInstances) throw registryFull(newcomer, maxInstances);
  }

  private publish(service: string): void {
    const now = this.now();
    const live = [...this.leased(service).values()].filter(({ leaseEndsAt }) => leaseEndsAt > now);
    this.lists.get(service)?.replace(live.map(({ instance }) => instance));
  }

  private leased(service: string): Map<string, Leased> {
    let leased = this.services.get(service);
    if (!leased) this.services.set(service, (leased = new Map()));
    return leased;
  }

  private watchList(service: string): WatchList {
    let list = this.lists.get(service);
    if (!list) this.lists.set(service, (list = new WatchList()));
    return list;
  }

  private now(): number {
    return (this.options.now ?? (() => performance.now()))();
  }
}
