/** What an instance says of itself. Only `ready` instances are given work. */
export type InstanceState = 'starting' | 'ready' | 'draining';

/** One registered process of a service. */
export interface Instance {
  readonly instanceId: string;
  readonly service: string;
  readonly state: InstanceState;
  /** Host and ports for people; calls go by instance id. */
  readonly address: string;
  readonly version: string;
  /** Work in hand, for the least-loaded picker; 0 when idle. */
  readonly load: number;
  /** When it started, ms since 1970. */
  readonly startedAt: number;
}

/**
 * Live instances of one service at the most. Judgement: every process reads and keeps these lists, and far fewer serve a
 * school; more are a mistake, such as a supervisor that starts without stopping.
 */
export const MAX_INSTANCES_PER_SERVICE = 256;

/** Called with the whole list after each change of more than a load. */
export type RegistryWatcher = (instances: readonly Instance[]) => void;

/**
 * Who is there. Instances register with a lease that they renew; one whose lease has ended is not listed.
 *
 * Implementations pass `registry.conformance.ts`.
 */
export interface Registry {
  /**
   * Adds the instance, or renews its lease and replaces its record. Whoever is registered is never refused.
   *
   * @throws {AppError} `OVERLOADED` when it is new and its service has {@link MAX_INSTANCES_PER_SERVICE} live instances;
   *   the cause says so in words.
   */
  register(instance: Instance): Promise<void>;
  /** Removes the instance at once; nothing happens when it is not there. */
  deregister(service: string, instanceId: string): Promise<void>;
  /**
   * The last known live instances of a service, without a round trip; empty before the first {@link watch} or
   * {@link refresh} of that service. When the store cannot be reached the list stays as it was.
   */
  list(service: string): readonly Instance[];
  /** Re-reads a service's list now; rejects when the store cannot be reached. */
  refresh(service: string): Promise<readonly Instance[]>;
  /** Keeps a service's list fresh from now on; resolves after the first read. Returns a function that stops it. */
  watch(service: string, watcher?: RegistryWatcher): Promise<() => void>;
  /** Stops all watching. */
  close(): Promise<void>;
}
