import { startRedis, startTcpProxy, type RedisHarness, type TcpProxy } from '@parley/testing';
import { Redis } from 'ioredis';

/** Where a room stood in a Redis, and the line that it was in. */
export interface RoomPlace {
  readonly seq: number;
  readonly epoch: string;
}

/** Where each room stood. */
export type RoomPlaces = ReadonlyMap<number, RoomPlace>;

/** A replica, and the link by which it follows the primary. */
interface Replica {
  readonly server: RedisHarness;
  readonly link: TcpProxy;
}

/** The Redis of a run behind one address that stays, whatever server is behind it. */
export class RedisSite {
  private replica: Replica | undefined;
  private readonly retired: RedisHarness[] = [];

  private constructor(
    private current: RedisHarness,
    /** The address of the apps; a network to break. */
    readonly proxy: TcpProxy,
  ) {}

  static async start(): Promise<RedisSite> {
    const primary = await startRedis({ appendFsync: 'always' });
    return new RedisSite(primary, await startTcpProxy({ target: { host: '127.0.0.1', port: primary.port } }));
  }

  /** The server that takes writes now. */
  get primary(): RedisHarness {
    return this.current;
  }

  /** Has a replica that is in step: the one that is there, or a new one. */
  async haveReplica(): Promise<void> {
    await Promise.all(this.retired.splice(0).map((server) => server.stop()));
    if (!this.replica) {
      const link = await startTcpProxy({ target: { host: '127.0.0.1', port: this.current.port } });
      const server = await startRedis({ appendFsync: 'always', replicaOfPort: link.port });
      this.replica = { server, link };
    }
    await this.replica.server.synced();
  }

  /** From now on the replica gets nothing more. */
  async leaveReplicaBehind(): Promise<void> {
    await this.replica?.link.cut();
  }

  /**
   * The replica takes over with what it has, and the address leads to it.
   *
   * @param fate - Of the old primary: it becomes the replica, with everybody's connections open, or it is dead already.
   * @param beforeOpening - Called when the old one takes nothing more, and nobody talks to the new one yet.
   */
  async failOver(fate: 'replica' | 'dead', beforeOpening: () => Promise<void>): Promise<void> {
    const { replica, current } = this;
    if (!replica) throw new Error('there is no replica to take over');
    await replica.server.promote();
    this.current = replica.server;
    this.replica = undefined;
    this.retired.push(current);
    if (fate === 'replica') await current.follow(replica.server.port);
    await beforeOpening();
    this.proxy.retarget({ host: '127.0.0.1', port: replica.server.port });
    await replica.link.close();
  }

  /** Where each room stands in the primary, asked past the apps and their address. */
  places(prefix: string): Promise<RoomPlaces> {
    return this.ask(async (redis) => {
      const places = new Map<number, RoomPlace>();
      for (const key of await redis.keys(`${prefix}{s*}:room:*:head`)) {
        const [seq, epoch] = await redis.hmget(key, 'seq', 'epoch');
        const roomId = Number(/:room:(\d+):head$/.exec(key)?.[1]);
        if (seq != null && epoch != null) places.set(roomId, { seq: Number(seq), epoch });
      }
      return places;
    });
  }

  /** Uses a connection to the primary, past the proxy. */
  async ask<T>(use: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = new Redis(this.current.url, { maxRetriesPerRequest: null });
    redis.on('error', () => undefined);
    try {
      return await use(redis);
    } finally {
      redis.disconnect();
    }
  }

  async stop(): Promise<void> {
    await this.proxy.close();
    await this.replica?.link.close();
    const servers = [...this.retired, this.current, ...(this.replica ? [this.replica.server] : [])];
    await Promise.all(servers.map((server) => server.stop()));
  }
}
