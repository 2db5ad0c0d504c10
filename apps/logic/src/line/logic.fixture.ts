import { MetricsRegistry, type PinoLogger } from '@parley/observability';
import { type DirectHints, EventBus, LineStore, RedisConnections, RedisKeys, RoomStore } from '@parley/redis';
import { shardOf } from '@parley/sharding';
import { getDataSourceToken } from '@nestjs/typeorm';
import type { INestApplicationContext } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { ArchiveRepository } from '../archive/archive.repository.js';
import { SqlWriter } from '../database/sql-writer.js';
import type { RoomAccessService } from '../messages/room-access.service.js';
import type { DirectRoomsService } from '../messages/direct-rooms.service.js';
import { PublishService } from '../messages/publish.service.js';
import { RoomHeadsService } from '../messages/room-heads.service.js';
import { SentBeforeService } from '../messages/sent-before.service.js';
import { MarksService } from '../record/marks.service.js';
import { RecordRepository } from '../record/record.repository.js';
import { ParkedRoomsRepository } from '../rooms/parked-rooms.repository.js';
import { RoomsRepository } from '../rooms/rooms.repository.js';
import { seqCeiling } from '../rooms/seq-ceiling.fixture.js';
import { stub } from '../testing/stub.js';
import { LineLivesRepository } from './line-lives.repository.js';
import { LineService } from './line.service.js';

const SHARDS = 4;
/** A room may leave Redis after so long without use. */
export const ROOM_IDLE_MS = 60_000;
const limits = {
  dedupWindowMs: 600_000,
  recentPastMs: 300_000,
  recentFutureMs: 120_000,
  maxPendingEntries: 10_000,
};

/** What a logic process is made of, as far as it accepts messages, on a Redis and a database of the test's. */
export async function startLogic(url: string, prefix: string, sql: INestApplicationContext) {
  const connections = new RedisConnections(url);
  const keys = new RedisKeys(prefix, { shardCount: SHARDS, shardOf: (roomId) => shardOf(roomId, SHARDS) });
  const events = new EventBus(connections, keys);
  const store = new RoomStore(connections.main, keys, limits);
  const lines = new LineStore(connections.main, keys, limits.recentFutureMs);
  const rooms = sql.get(RoomsRepository);
  const archive = sql.get(ArchiveRepository);
  const lives = new LineLivesRepository(sql.get<DataSource>(getDataSourceToken()), sql.get(SqlWriter));
  const warnings: unknown[] = [];
  const line = new LineService(
    lines,
    store,
    lives,
    connections,
    events,
    new MetricsRegistry(),
    stub<PinoLogger>('PinoLogger', { warn: (...args: unknown[]) => void warnings.push(args) }),
  );
  const record = sql.get(RecordRepository);
  const marks = new MarksService(store, record);
  const parked = sql.get(ParkedRoomsRepository);
  const heads = new RoomHeadsService(
    store,
    rooms,
    archive,
    line,
    parked,
    { roomIdleMs: ROOM_IDLE_MS },
    record,
  );
  const publishing = new PublishService(
    {
      sendBurst: 10_000,
      actBurst: 10_000,
      actsPerSecond: 10_000,
      originalsKeptMs: 60_000,
      sendsPerSecond: 10_000,
      roomCreation: 'everyone',
      roomsPerUser: 10,
      roomsPerMinute: 10,
      roomIdleMs: ROOM_IDLE_MS,
    },
    stub<RoomAccessService>('RoomAccessService', {
      authorize: (_, roomId) => Promise.resolve({ roomId, kind: 'room', users: undefined }),
    }),
    heads,
    stub<DirectRoomsService>('DirectRoomsService', {}),
    store,
    new SentBeforeService(store, archive),
    line,
    stub<DirectHints>('DirectHints', {}),
  );
  await line.onModuleInit();
  line.onApplicationBootstrap();

  const send = async (roomId: number, text: string, clientMsgId: string = uuidv7()) => {
    const from = { userId: 3, userName: 'demo' };
    const [result] = await publishing.publishMany([{ from, roomId, text, clientMsgId }]);
    return result;
  };
  return {
    keys,
    events,
    store,
    lines,
    heads,
    line,
    marks,
    archive,
    rooms,
    warnings,
    connections,
    publishing,
    send,
    /** Up to where numbers are reserved in SQL. */
    seqCeiling: (roomId: number) => seqCeiling(sql, roomId),
    /** One that must succeed: its position. */
    accepted: async (roomId: number, text: string, clientMsgId?: string) => {
      const result = await send(roomId, text, clientMsgId);
      if (!result?.ok) throw new Error(`refused: ${result?.code}`);
      return result.ack;
    },
    /** SIGKILL, as far as others can tell. */
    die: () => {
      line.stopTimers();
      connections.close();
    },
    /** SIGTERM. */
    leave: async () => {
      await line.beforeApplicationShutdown();
      connections.close();
    },
  };
}
