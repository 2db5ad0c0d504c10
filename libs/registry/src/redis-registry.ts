import { runScript, type EventBus, type RedisConnection, type RedisKeys } from '@parley/redis';
import { z } from 'zod';
import { registryFull } from './registry-full.js';
import { MAX_INSTANCES_PER_SERVICE, type Instance, type Registry, type RegistryWatcher } from './registry.js';
import { WatchList } from './watch-list.js';

/** An instance that died without deregistering is forgotten this long after its lease ended, milliseconds. */
const FORGET_AFTER_MS = 60_000;

/** A lease that ends so much earlier than the last read said, milliseconds, ends by a clock that was set. */
const CLOCK_SET_MS = 1_000;

/** Time left of each lease at the last read, and when that was by the monotonic clock here; milliseconds. */
interface LastRead {
  readonly atMs: number;
  readonly leftMs: ReadonlyMap<string, number>;
}

const recordSchema = z.object({
  instanceId: z.string(),
  service: z.string(),
  state: z.enum(['starting', 'ready', 'draining']),
  address: z.string(),
  version: z.string(),
  load: z.number(),
  startedAt: z.number(),
  // Said beside the instance; an older version does not.
  leaseTtlMs: z.number().optional(),
});

export interface RedisRegistryOptions {
  /** Life of a lease, milliseconds, by Redis's clock. */
  readonly leaseTtlMs: number;
  /** How often watched services are re-read: expired leases send no event. Milliseconds. */
  readonly refreshIntervalMs: number;
  /** Live instances of one service. @defaultValue 256 */
  readonly maxInstances?: number;
  readonly onError?: (error: unknown) => void;
  readonly now?: () => number;
}

/**
 * The registry in Redis. Changes are announced by pub/sub and re-read; leases that end are noticed by the periodic
 * re-read.
 *
 * While Redis is away the last known list stays. Afterwards every lease may look ended, because nobody could renew it:
 * for the longest lease's time after an outage, known instances are kept. Likewise when Redis's clock was set forward.
 * Each instance says how long its lease is: processes may be set to different lengths.
 */
export class RedisRegistry implements Registry {
  private readonly lists = new Map<string, WatchList>();
  /** Services whose changes are subscribed, each resolved after its first read. */
  private readonly watched = new Map<string, Promise<void>>();
  private readonly lastReads = new Map<string, LastRead>();
  private readonly timer: NodeJS.Timeout;
  /** No instance is dropped for an ended lease before this time: Redis was away until shortly before. */
  private graceUntil = 0;
  /** Of all that were seen, milliseconds. */
  private longestLeaseMs: number;

  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: RedisKeys,
    private readonly events: Pick<EventBus, 'subscribeText'>,
    private readonly options: RedisRegistryOptions,
  ) {
    this.longestLeaseMs = options.leaseTtlMs;
    this.timer = setInterval(() => this.refreshAll(), options.refreshIntervalMs);
    this.timer.unref();
    // A re-read that waits through the outage is answered before anyone can have renewed a lease, and never fails.
    // 'ready' comes before the waiting commands are answered.
    redis.on('close', this.onAway);
    redis.on('ready', this.onBack);
  }

  async register(instance: Instance): Promise<void> {
    const maxInstances = this.options.maxInstances ?? MAX_INSTANCES_PER_SERVICE;
    const outcome = await runScript(
      this.redis,
      'heartbeatInstance',
      [this.keys.registry(instance.service)],
      [
        instance.instanceId,
        JSON.stringify({ ...instance, leaseTtlMs: this.options.leaseTtlMs }),
        this.options.leaseTtlMs,
        this.keys.events(`registry:${instance.service}`),
        maxInstances,
        FORGET_AFTER_MS,
      ],
    );
    if (outcome === -1) throw registryFull(instance, maxInstances);
  }

  async deregister(service: string, instanceId: string): Promise<void> {
    await runScript(
      this.redis,
      'removeInstance',
      [this.keys.registry(service)],
      [instanceId, this.keys.events(`registry:${service}`)],
    );
  }

  list(service: string): readonly Instance[] {
    return this.lists.get(service)?.current ?? [];
  }

  async refresh(service: string): Promise<readonly Instance[]> {
    let reply: (string | number)[];
    try {
      reply = (await runScript(
        this.redis,
        'listInstances',
        [this.keys.registry(service)],
        [FORGET_AFTER_MS, this.options.leaseTtlMs],
      )) as (string | number)[];
    } catch (error) {
      this.startGrace();
      throw error;
    }
    const list = this.watchList(service);
    const known = new Set(list.current.map(({ instanceId }) => instanceId));
    if (this.clockWasSet(service, reply)) this.startGrace();
    const grace = this.now() < this.graceUntil;
    const live: Instance[] = [];
    for (let i = 0; i + 2 < reply.length; i += 3) {
      const instanceId = String(reply[i]);
      if (Number(reply[i + 1]) <= 0 && !(grace && known.has(instanceId))) continue;
      const record = recordSchema.safeParse(parseJson(String(reply[i + 2])));
      if (!record.success) {
        this.options.onError?.(record.error);
        continue;
      }
      const { leaseTtlMs = 0, ...instance } = record.data;
      this.longestLeaseMs = Math.max(this.longestLeaseMs, leaseTtlMs);
      live.push(instance);
    }
    // An emptied Redis lists nobody until they have registered again.
    if (grace)
      for (const instance of list.current)
        if (!live.some((l) => l.instanceId === instance.instanceId)) live.push(instance);
    list.replace(live);
    return list.current;
  }

  async watch(service: string, watcher?: RegistryWatcher): Promise<() => void> {
    const list = this.watchList(service);
    const stop = watcher ? list.add(watcher) : () => undefined;
    const before = this.watched.get(service);
    if (before) {
      await before;
      watcher?.(list.current);
      return stop;
    }
    let first = true;
    const reread = async () => {
      // A resubscribe follows an outage.
      if (!first) this.startGrace();
      first = false;
      await this.refresh(service);
    };
    const started = this.events.subscribeText(
      `registry:${service}`,
      () => this.refreshQuietly(service),
      reread,
    );
    this.watched.set(service, started);
    await started;
    return stop;
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    this.redis.off('close', this.onAway);
    this.redis.off('ready', this.onBack);
    this.lists.clear();
  }

  private readonly onAway = () => (this.graceUntil = Infinity);
  private readonly onBack = () => {
    // Not after the first connecting: there was nothing to keep.
    if (this.graceUntil === Infinity) this.startGrace();
  };

  /** Whether leases end earlier than they did at the last read: by nothing but Redis's clock can they. */
  private clockWasSet(service: string, reply: readonly (string | number)[]): boolean {
    const atMs = this.now();
    const before = this.lastReads.get(service);
    const leftMs = new Map<string, number>();
    let wasSet = false;
    for (let i = 0; i + 2 < reply.length; i += 3) {
      const instanceId = String(reply[i]);
      const left = Number(reply[i + 1]);
      leftMs.set(instanceId, left);
      const leftBefore = before?.leftMs.get(instanceId);
      if (!before || leftBefore === undefined) continue;
      if (left < leftBefore - (atMs - before.atMs) - CLOCK_SET_MS) wasSet = true;
    }
    this.lastReads.set(service, { atMs, leftMs });
    return wasSet;
  }

  private startGrace(): void {
    this.graceUntil = this.now() + this.longestLeaseMs;
  }

  private refreshAll(): void {
    for (const service of this.lists.keys()) this.refreshQuietly(service);
  }

  private refreshQuietly(service: string): void {
    this.refresh(service).catch((error: unknown) => this.options.onError?.(error));
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

/** Undefined, which no schema takes, when the text is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
