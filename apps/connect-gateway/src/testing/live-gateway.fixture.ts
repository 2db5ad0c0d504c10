import type { DispatchEntry, Send } from '@parley/contracts';
import { MetricsRegistry } from '@parley/observability';
import {
  EventBus,
  LineStore,
  PresenceStore,
  RedisConnections,
  RedisKeys,
  RoomStore,
  type RedisConnection,
  type RoomPosition,
} from '@parley/redis';
import { MemoryRegistry } from '@parley/registry';
import type { RpcClient } from '@parley/rpc';
import { onTestFinished } from 'vitest';
import { ConnectionIndex } from '../connections/connection-index.js';
import { DeliveryRpcController } from '../delivery/delivery.rpc-controller.js';
import type { GatewayConfig } from '../gateway-config.js';
import { GatewayMetrics } from '../gateway-metrics.js';
import { HintListener } from '../hints/hint-listener.js';
import { Admissions } from '../rooms/admissions.js';
import { PositionCheck } from '../rooms/position-check.js';
import { RoomDirectory } from '../rooms/room-directory.js';
import { FakeConnection } from './fake-connection.js';
import { gatewayInstance } from './gateway-instance.js';
import { stub } from './stub.js';

export const ROOM = 7;
export const CHECK_MS = 3_000;
const SHARDS = 4;
const LIMITS = {
  dedupWindowMs: 600_000,
  recentPastMs: 300_000,
  recentFutureMs: 120_000,
  maxPendingEntries: 100_000,
};

/** What of Parley is beside a gateway: a real Redis, and as much of `logic` as the gateway asks for. */
export class Backend {
  readonly asked: { pattern: string; request: unknown }[] = [];
  private appended = 0;
  private epochs = 1;

  private constructor(
    readonly url: string,
    readonly keys: RedisKeys,
    readonly connections: RedisConnections,
    readonly rooms: RoomStore,
  ) {}

  /** Of a test: keys of its own on a Redis. Room 7 is in epoch `e1`, at 0. */
  static async start(url: string, prefix: string): Promise<Backend> {
    const keys = new RedisKeys(prefix, { shardCount: SHARDS, shardOf: (roomId) => roomId % SHARDS });
    const connections = connect(url);
    const backend = new Backend(url, keys, connections, new RoomStore(connections.main, keys, LIMITS));
    const lines = new LineStore(connections.main, keys, LIMITS.recentFutureMs);
    for (const survey of await lines.survey()) await lines.prove(survey, survey.generation);
    await backend.begin(ROOM, 0);
    return backend;
  }

  /** Accepts messages, as `logic` does; nobody dispatches them. */
  async append(
    count: number,
    { roomId = ROOM, recipients = [] as number[], bytes = 0 } = {},
  ): Promise<RoomPosition> {
    let last: RoomPosition | undefined;
    for (let i = 0; i < count; i++)
      last = await this.accept(roomId, `m${++this.appended}${'.'.repeat(bytes)}`, recipients);
    if (!last) throw new Error('nothing was appended');
    return last;
  }

  /** What stands in the dispatch stream of the room's shard: nobody else reads it. */
  async dispatched(roomId = ROOM): Promise<DispatchEntry[]> {
    const rows = await this.connections.main.xrange(this.keys.dispatch(this.keys.shardOf(roomId)), '-', '+');
    return rows.map(([, [, room, , seq, , epoch, , body, , to]]) => ({
      roomId: Number(room),
      seq: Number(seq),
      epoch: String(epoch),
      body: String(body),
      ...(to && { recipients: to.split(',').map(Number) }),
    }));
  }

  /** Redis loses a room's head. */
  async loseHead(roomId = ROOM): Promise<void> {
    await this.connections.main.del(this.keys.roomHead(roomId));
  }

  /** The room goes on in a new epoch. @returns Where it begins. */
  async endEpoch(floor: number, roomId = ROOM): Promise<RoomPosition> {
    await this.loseHead(roomId);
    return this.begin(roomId, floor);
  }

  /** Gives a room that has no head the next epoch. */
  async begin(roomId: number, floor: number): Promise<RoomPosition> {
    const start = { epoch: `e${this.epochs++}`, floor, ceiling: floor + 100_000, archived: 0 };
    const head = await this.rooms.restoreHead(roomId, start);
    if (typeof head === 'string') throw new Error(`the head was not restored: ${head}`);
    return { seq: head.seq, epoch: head.epoch };
  }

  readonly rpc = stub<RpcClient>('RpcClient', {
    instanceFor: () => 'logic-1',
    call: (async ({ pattern }: { pattern: string }, request: Record<string, unknown>) => {
      this.asked.push({ pattern, request });
      const roomId = Number(request['roomId']);
      if (pattern === 'logic.admit') {
        if (!(await this.rooms.head(roomId))) await this.begin(roomId, 1_000);
        return { kind: roomId < 1_000 ? 'room' : 'direct' };
      }
      // Whoever is not answered asks alone.
      if (pattern === 'logic.admitMany') return { kinds: [] };
      if (pattern === 'logic.restorePosition') return this.endEpoch(2_000, roomId);
      const sends = request['sends'] as Send[];
      const acks = sends.map((send) => this.accept(send.roomId ?? 0, send.text));
      return {
        results: (await Promise.all(acks)).map((ack, i) => ({
          ok: true,
          ack: { ...ack, roomId: sends[i]?.roomId, id: 'id', clientMsgId: sends[i]?.clientMsgId, sentAt: 1 },
        })),
      };
    }) as unknown as RpcClient['call'],
  });

  private async accept(roomId: number, text: string, recipients: number[] = []): Promise<RoomPosition> {
    const outcome = await this.rooms.accept({
      roomId,
      senderId: 1,
      clientMsgId: text,
      body: `{"op":3,"roomId":${roomId},"msg":"${text}"`,
      text,
      id: text,
      sentAt: 1,
      clientMsgIdMs: 0,
      archiveAsked: true,
      ...(recipients.length > 0 && { recipients }),
    });
    if (outcome.kind !== 'ok') throw new Error(`not accepted: ${outcome.kind}`);
    return { seq: outcome.seq, epoch: outcome.epoch };
  }
}

/** A gateway's rooms, as the app composes them. It is given nothing and checks nothing by itself. */
export function gatewayOn(backend: Backend, instanceId = 'gw-1') {
  const config = stub<GatewayConfig>('GatewayConfig', {
    instanceId,
    hints: true,
    maxOutboundBytes: 1_000,
    positionCheckMs: CHECK_MS,
  });
  const { keys } = backend;
  const connections = connect(backend.url);
  const presence = new PresenceStore(connections.main, keys);
  const events = new EventBus(connections, keys);
  const index = new ConnectionIndex(config, presence);
  const store = new RoomStore(connections.main, keys, LIMITS);
  const metrics = new GatewayMetrics(new MetricsRegistry(), index);
  const rooms = new RoomDirectory(config, store, presence, index, metrics, new Admissions(backend.rpc));
  const delivery = new DeliveryRpcController(rooms, keys);
  let users = 0;

  return {
    config,
    connections,
    store,
    presence,
    events,
    index,
    rooms,
    delivery,
    /** A connection of a new user, in the room. */
    join: async (
      roomId = ROOM,
      kind: 'room' | 'direct' = 'room',
      from?: { lastSeq: number; epoch: string },
    ): Promise<FakeConnection> => {
      const connection = new FakeConnection(++users);
      const { member } = await rooms.join(connection, roomId, kind, from);
      member.room.promote(member);
      member.room.resume(member);
      return connection;
    },
    /** Starts its position check; it ends with the test. */
    check: async (): Promise<void> => {
      const registry = new MemoryRegistry({ leaseTtlMs: 3_600_000 });
      await registry.register(gatewayInstance(instanceId));
      const check = new PositionCheck(config, rooms, presence, index, registry, backend.rpc, connections);
      await check.onApplicationBootstrap();
      onTestFinished(() => check.onApplicationShutdown());
    },
    /** Has it hear hints, until the test ends or it is stopped. @returns The connection on which it hears them. */
    hear: async (): Promise<{ subscriber: RedisConnection; stop: () => void }> => {
      let subscriber: RedisConnection | undefined;
      const createSubscriber = (role: string) => (subscriber = connections.createSubscriber(role));
      const hints = new HintListener(config, rooms, { createSubscriber }, keys, metrics);
      await hints.onApplicationBootstrap();
      if (!subscriber) throw new Error('it does not listen');
      return { subscriber, stop: () => hints.onApplicationShutdown() };
    },
    /** Cuts its connection to Redis, which comes back by itself. */
    cut: async (): Promise<void> => {
      const id = await connections.main.client('ID');
      await backend.connections.main.client('KILL', 'ID', id);
    },
  };
}

function connect(url: string): RedisConnections {
  const connections = new RedisConnections(url);
  onTestFinished(() => connections.close());
  return connections;
}
