import { Global, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { shardOf } from '@parley/sharding';
import { limits } from '@parley/protocol';
import { AsideStream } from './aside-stream.js';
import { RedisConnections, type RedisErrorListener } from './connections.js';
import { DatabaseLife } from './database-life.js';
import { DatabaseLifeStore } from './database-life-store.js';
import { DirectHints } from './direct-hints.js';
import { DirectoryStore } from './directory-store.js';
import { EventBus } from './event-bus.js';
import { RedisKeys } from './keys.js';
import { LeaseStore } from './lease-store.js';
import { LineStore } from './line-store.js';
import { ReplicatedLane, unsupportedLevel, type AckLevel } from './replicated-lane.js';
import { ReplicatedRoomStore } from './replicated-room-store.js';
import { ParkingStore } from './parking-store.js';
import { PresenceStore } from './presence-store.js';
import { RevocationList } from './revocation-list.js';
import { RoomStore } from './room-store.js';
import { SessionStore } from './session-store.js';
import { WaitingStore } from './waiting-store.js';
import { agreeOnShardCount } from './shard-agreement.js';

export interface RedisModuleOptions {
  readonly url: string;
  /** Authorities that the certificate of a `rediss://` server may be from, PEM. @defaultValue the system's */
  readonly authorities?: readonly string[];
  readonly prefix: string;
  readonly shardCount: number;
  /** Entries a dispatch stream may hold before sends are refused as `OVERLOADED`. */
  readonly maxPendingEntries?: number;
  /** What must have a message before it is acknowledged, for a service that accepts some. @defaultValue the primary */
  readonly acks?: AckLevel & { readonly instanceId: string };
  readonly onError?: RedisErrorListener;
  /** Told how long ordinary commands take, of some of them; seconds. */
  readonly onAnswered?: (seconds: number) => void;
  /** Called when the app's start has to wait for Redis. */
  readonly onWaiting?: () => void;
}

/** Injection token of the process's {@link ReplicatedLane}; undefined when the primary alone answers for a message. */
export const REPLICATED_LANE = Symbol('REPLICATED_LANE');

const DEFAULT_MAX_PENDING_ENTRIES = 1_000_000;
/** An id not older than this is surely still known, if it was ever accepted; with the future less than the de-dup window. */
const RECENT_PAST_MS = 300_000;
/** How far a client's clock may be ahead of Redis's before its ids cost a question to the archive. */
const RECENT_FUTURE_MS = 120_000;

/** Closes the connections last: other modules' shutdown hooks still use them. */
class RedisLifecycle implements OnApplicationShutdown {
  constructor(private readonly connections: RedisConnections) {}

  onApplicationShutdown(): void {
    this.connections.close();
  }
}

/** Redis for a Nest app: connections, keys and stores, global. Waits for a server; fails to start when shard counts disagree. */
@Global()
@Module({})
export class RedisModule {
  static forRoot(options: RedisModuleOptions): DynamicModule {
    const connections = new RedisConnections(
      options.url,
      options.onError,
      options.onAnswered,
      options.authorities,
    );
    const keys = new RedisKeys(options.prefix, {
      shardCount: options.shardCount,
      shardOf: (roomId) => shardOf(roomId, options.shardCount),
    });
    const reportError = (error: unknown) =>
      options.onError?.(error instanceof Error ? error : new Error(String(error)), 'events');
    const events = new EventBus(connections, keys, reportError);
    const stores = {
      room: {
        dedupWindowMs: limits.dedupWindowMs,
        recentPastMs: RECENT_PAST_MS,
        recentFutureMs: RECENT_FUTURE_MS,
        maxPendingEntries: options.maxPendingEntries ?? DEFAULT_MAX_PENDING_ENTRIES,
      },
    };
    const providers = [
      {
        provide: RedisConnections,
        useFactory: async () => {
          await connections.reached(options.onWaiting);
          await agreeOnShardCount(connections.main, keys);
          return connections;
        },
      },
      { provide: RedisKeys, useValue: keys },
      { provide: EventBus, useValue: events },
      {
        provide: RoomStore,
        useFactory: (c: RedisConnections, lane: ReplicatedLane | undefined) =>
          lane
            ? new ReplicatedRoomStore(c.main, keys, stores.room, lane)
            : new RoomStore(c.main, keys, stores.room),
        inject: [RedisConnections, REPLICATED_LANE],
      },
      {
        provide: REPLICATED_LANE,
        useFactory: async (c: RedisConnections) => {
          const { acks } = options;
          if (!acks || (acks.replicas === 0 && !acks.fsync)) return undefined;
          const problem = await unsupportedLevel(c.main, acks);
          if (problem !== undefined) throw new Error(problem);
          return new ReplicatedLane(c, keys, acks.instanceId, acks);
        },
        inject: [RedisConnections],
      },
      {
        provide: LineStore,
        useFactory: (c: RedisConnections) => new LineStore(c.main, keys, RECENT_FUTURE_MS),
        inject: [RedisConnections],
      },
      {
        provide: ParkingStore,
        useFactory: (c: RedisConnections) => new ParkingStore(c.main, keys),
        inject: [RedisConnections],
      },
      {
        provide: PresenceStore,
        useFactory: (c: RedisConnections) => new PresenceStore(c.main, keys),
        inject: [RedisConnections],
      },
      {
        provide: DirectHints,
        useFactory: (c: RedisConnections, presence: PresenceStore) => new DirectHints(c.main, keys, presence),
        inject: [RedisConnections, PresenceStore],
      },
      {
        provide: DirectoryStore,
        useFactory: (c: RedisConnections) => new DirectoryStore(c.main, keys),
        inject: [RedisConnections],
      },
      {
        provide: SessionStore,
        useFactory: (c: RedisConnections) => new SessionStore(c.main, keys),
        inject: [RedisConnections],
      },
      {
        provide: WaitingStore,
        useFactory: (c: RedisConnections) => new WaitingStore(c.main, keys),
        inject: [RedisConnections],
      },
      {
        provide: AsideStream,
        useFactory: (c: RedisConnections) => new AsideStream(c.main, keys),
        inject: [RedisConnections],
      },
      {
        provide: DatabaseLifeStore,
        useFactory: (c: RedisConnections) => new DatabaseLifeStore(c.main, keys),
        inject: [RedisConnections],
      },
      {
        provide: DatabaseLife,
        useFactory: async (store: DatabaseLifeStore) => {
          const life = new DatabaseLife(store, events, reportError);
          await life.start();
          return life;
        },
        inject: [DatabaseLifeStore],
      },
      {
        provide: LeaseStore,
        useFactory: (c: RedisConnections) => new LeaseStore(c.main, keys),
        inject: [RedisConnections],
      },
      {
        provide: RevocationList,
        useFactory: async (sessions: SessionStore) => {
          const list = new RevocationList(sessions, events);
          await list.start();
          return list;
        },
        inject: [SessionStore],
      },
    ];
    return {
      module: RedisModule,
      providers: [
        ...providers,
        {
          provide: RedisLifecycle,
          useFactory: (c: RedisConnections) => new RedisLifecycle(c),
          inject: [RedisConnections],
        },
      ],
      exports: providers.map(({ provide }) => provide),
    };
  }
}
