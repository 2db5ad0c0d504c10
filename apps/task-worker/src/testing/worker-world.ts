import { loadConfig } from '@parley/config';
import { connectRpc, logicRpc, type DispatchEntry } from '@parley/contracts';
import { HealthRegistry, MetricsRegistry } from '@parley/observability';
import { AppError } from '@parley/protocol';
import { DispatchStreams, type ConsumerGroup } from '@parley/queue';
import {
  AsideStream,
  EventBus,
  LeaseStore,
  LineStore,
  PresenceStore,
  RedisConnections,
  RedisKeys,
  RoomStore,
  type DatabaseLife,
} from '@parley/redis';
import { MemoryRegistry, type InstanceState } from '@parley/registry';
import type { RpcClient } from '@parley/rpc';
import { expect, onTestFinished } from 'vitest';
import { ArchiverService } from '../archiver.service.js';
import { DispatcherService } from '../dispatcher.service.js';
import { WorkerService } from '../worker.service.js';
import { FakeGateway } from './fake-gateway.js';
import { stub } from './stub.js';

const RECENT_FUTURE_MS = 120_000;
const CEILING = 1_000_000;

/** Settings of the workers, as the environment gives them. */
export type WorkerEnv = Readonly<Record<`PARLEY_${string}`, string | number>>;

interface Archive {
  /** Numbers of each batch that was offered, in order. */
  readonly calls: number[][];
  /** What SQL has, in the order it came; one message under each number of a room, whoever brings it again. */
  readonly kept: DispatchEntry[];
  /** Told of each batch before it is kept; an error, or an answer, is what the worker gets instead. */
  onCall: (entries: readonly DispatchEntry[], databaseLife?: string) => Promise<object | undefined>;
}

/** What may be another worker's own: its way to Redis, and its view of who is alive. */
interface WorkerPlace {
  readonly url: string;
  readonly registry: MemoryRegistry;
}

/**
 * Workers over a real Redis: their dispatcher, lanes, consumers, leases and archiver are the real ones, and gateways and
 * `logic` do what the test says. Everything ends with the test.
 */
export async function workerWorld(url: string, prefix: string, { shardCount = 1 } = {}) {
  const keys = new RedisKeys(prefix, { shardCount, shardOf: (room) => room % shardCount });
  const connect = (to = url) => {
    const connections = new RedisConnections(to);
    onTestFinished(() => connections.close());
    return connections;
  };
  const connections = connect();
  const { main } = connections;
  const lines = new LineStore(main, keys, RECENT_FUTURE_MS);
  for (const survey of await lines.survey()) await lines.prove(survey, survey.generation);
  const rooms = new RoomStore(main, keys, {
    dedupWindowMs: 600_000,
    recentPastMs: 300_000,
    recentFutureMs: RECENT_FUTURE_MS,
    maxPendingEntries: 100_000,
  });
  const presence = new PresenceStore(main, keys);
  const newRegistry = () => {
    const made = new MemoryRegistry({ leaseTtlMs: 600_000 });
    onTestFinished(() => made.close());
    return made;
  };
  const registry = newRegistry();
  const gateways = new Map<string, FakeGateway>();
  const archive: Archive = { calls: [], kept: [], onCall: () => Promise.resolve(undefined) };
  const database = {
    current: undefined as string | undefined,
    reloads: 0,
    listeners: [] as ((life: string) => void)[],
    change(life: string): void {
      this.current = life;
      for (const listener of this.listeners) listener(life);
    },
  };

  const enlist = (service: string, instanceId: string, state: InstanceState = 'ready', among = registry) =>
    among.register({ instanceId, service, state, address: '', version: '1', load: 0, startedAt: 0 });

  async function gateway(id: string): Promise<FakeGateway> {
    const made = new FakeGateway(id, rooms, (room) => keys.shardOf(room));
    gateways.set(id, made);
    await enlist('connect-gateway', id);
    return made;
  }

  const join = (roomId: number, gatewayId: string, userId = 7) =>
    presence.share(roomId, gatewayId, {
      complete: false,
      added: [{ userId, userName: `user ${userId}` }],
      removed: [],
    });
  const leave = (roomId: number, gatewayId: string, userId = 7) =>
    presence.share(roomId, gatewayId, { complete: false, added: [], removed: [userId] });

  let sends = 0;
  /** Has so many messages accepted, as `logic` does; each is in the room's log and in the dispatch stream. */
  async function send(roomId: number, count = 1, recipients?: readonly number[]): Promise<void> {
    await rooms.restoreHead(roomId, { epoch: 'e1', floor: 0, ceiling: CEILING, archived: 0 });
    const outcomes = await Promise.all(
      Array.from({ length: count }, () => {
        const id = `m${++sends}`;
        return rooms.accept({
          ...{ roomId, senderId: 7, clientMsgId: id, body: `{"msg":"${id}"`, text: id, id, sentAt: 1 },
          ...{ clientMsgIdMs: 0, archiveAsked: true },
          ...(recipients && { recipients }),
        });
      }),
    );
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['ok']));
  }

  /** A worker; `kill` ends it as a `kill -9` does: it says nothing more to anybody, and gives nothing back. */
  async function worker(id: string, env: WorkerEnv = {}, place: Partial<WorkerPlace> = {}) {
    const config = loadConfig('task-worker', {
      env: {
        PARLEY_INSTANCE_ID: id,
        PARLEY_SHARD_COUNT: String(shardCount),
        PARLEY_LOG_LEVEL: 'silent',
        PARLEY_DISPATCH_BLOCK_MS: '100',
        ...Object.fromEntries(Object.entries(env).map(([name, value]) => [name, String(value)])),
      },
    });
    const its = connect(place.url);
    const known = place.registry ?? registry;
    let isDead = false;
    const call = async (contract: unknown, request: never, options?: { target?: string }) => {
      if (isDead) return new Promise(() => undefined);
      if (contract === connectRpc.deliver) {
        const target = gateways.get(options?.target ?? '');
        if (!target) throw new AppError('UNAVAILABLE');
        return target.deliver(request);
      }
      expect(contract).toBe(logicRpc.archive);
      const { entries, databaseLife } = request as { entries: DispatchEntry[]; databaseLife?: string };
      archive.calls.push(entries.map(({ seq }) => seq));
      const instead = await archive.onCall(entries, databaseLife);
      if (instead) return instead;
      const has = ({ roomId, seq }: DispatchEntry) =>
        archive.kept.some((kept) => kept.roomId === roomId && kept.seq === seq);
      archive.kept.push(...entries.filter((entry) => !has(entry)));
      return {};
    };
    const rpc = stub<RpcClient>('RpcClient', { call: call as unknown as RpcClient['call'] });
    const events = new EventBus(its, keys);
    const metrics = new MetricsRegistry();
    const health = new HealthRegistry();
    const archiver = new ArchiverService(rpc, new AsideStream(its.main, keys), metrics);
    const dispatcher = new DispatcherService(new PresenceStore(its.main, keys), known, rpc, events);
    const service = new WorkerService(
      ...([config, known, dispatcher, archiver, health, metrics] as const),
      ...([new LeaseStore(its.main, keys), its, keys] as const),
      ...([new LineStore(its.main, keys, RECENT_FUTURE_MS), events] as const),
      stub<DatabaseLife>('DatabaseLife', {
        get current() {
          return database.current;
        },
        reload: async () => void database.reloads++,
        onChanged: (listener) => void database.listeners.push(listener),
      }),
    );
    await enlist('task-worker', id, 'ready', known);
    await service.start();
    onTestFinished(() => {
      // Not waited for: a test may hold what it would wait for, and connections end after it.
      void service.stop().catch(() => undefined);
    });
    const kill = async () => {
      isDead = true;
      its.close();
      await known.deregister('task-worker', id);
    };
    return { service, dispatcher, health, metrics, kill };
  }

  const streams = new DispatchStreams(main, keys);
  const pending = async (group: ConsumerGroup, shard = 0): Promise<number> =>
    Number((await main.xpending(keys.dispatch(shard), group))[0]);
  /** Entries that the group has still to read. */
  const unread = async (group: ConsumerGroup, shard = 0): Promise<number> => {
    const groups = (await main.xinfo('GROUPS', keys.dispatch(shard))) as unknown[][];
    const its = groups.find((fields) => fields[1] === group) ?? [];
    return Number(its[its.indexOf('lag') + 1]);
  };
  /** Who has the shard in Redis, and under which fence. */
  const owner = async (shard = 0) => (await main.get(keys.owner(shard)))?.split('|');
  return {
    ...{ main, keys, streams, registry, presence, rooms, archive, database },
    ...{ newRegistry, enlist, gateway, gateways, join, leave, send, worker, pending, unread, owner },
  };
}
