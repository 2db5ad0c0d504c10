import { getDataSourceToken } from '@nestjs/typeorm';
import { MetricsRegistry } from '@parley/observability';
import { consumerGroups, DispatchStreams } from '@parley/queue';
import { AsideStream, DatabaseLife, DatabaseLifeStore } from '@parley/redis';
import { SigningKeys, TokenVerifier } from '@parley/service-host';
import type { DataSource } from 'typeorm';
import { AccountsService } from '../accounts/accounts.service.js';
import { TokenService } from '../accounts/token.service.js';
import { ArchiveReader } from '../archive/archive-reader.js';
import { ArchiveRepository } from '../archive/archive.repository.js';
import { IdIssuer } from '../database/id-issuer.js';
import { openSql } from '../database/sql-databases.conformance.js';
import { SqlWriter } from '../database/sql-writer.js';
import { startLogic } from '../line/logic.fixture.js';
import { ArchiveService } from '../messages/archive.service.js';
import { AsideAlarm } from '../messages/aside-alarm.service.js';
import { HistoryService } from '../messages/history.service.js';
import { RoomAccessService } from '../messages/room-access.service.js';
import { DatabaseLifeRepository } from './database-life.repository.js';
import { DatabaseLifeService } from './database-life.service.js';

/** A logic process on a Redis and a database, with what an edge and a worker do beside it. */
export async function startOn(redisUrl: string, prefix: string, url: string, others: () => number = () => 0) {
  const sql = await openSql(url);
  const logic = await startLogic(redisUrl, prefix, sql);
  const { connections, keys, events, store, archive } = logic;
  const lifeStore = new DatabaseLifeStore(connections.main, keys);
  const life = new DatabaseLife(lifeStore, events);
  await life.start();
  let isDown = false;
  const service = new DatabaseLifeService(
    new DatabaseLifeRepository(sql.get<DataSource>(getDataSourceToken()), sql.get(SqlWriter)),
    lifeStore,
    life,
    logic.lines,
    logic.line,
    sql.get(IdIssuer),
    { othersServing: () => Promise.resolve(others()), standDown: () => void (isDown = true) },
    { warn: (...args: unknown[]) => void logic.warnings.push(args) },
    () => undefined,
  );
  await service.onModuleInit().catch((error: unknown) => {
    logic.die();
    throw error;
  });

  const signingKeys = new SigningKeys('of the tests');
  const tokens = new TokenService(signingKeys.signing.jwt, 60_000, life);
  const verifier = new TokenVerifier(signingKeys, { isRevoked: () => false }, life);
  const access = new RoomAccessService(logic.rooms, events, store);
  const histories = new HistoryService(access, logic.heads, store, new ArchiveReader(archive, logic.marks));
  const aside = new AsideStream(connections.main, keys);
  const archiver = new ArchiveService(
    sql.get(ArchiveRepository),
    aside,
    store,
    new AsideAlarm(new MetricsRegistry(), () => undefined),
  );
  const streams = new DispatchStreams(connections.main, keys);
  const shards = Array.from({ length: keys.shardCount }, (_, shard) => shard);
  const read = async (group: (typeof consumerGroups)[number]) => {
    await streams.ensureGroups(shards);
    const positions = new Map(shards.map((shard) => [shard, '>']));
    return streams.read(connections.main, group, positions, { count: 100, blockMs: 0 });
  };
  return {
    ...logic,
    life,
    lifeStore,
    service,
    verifier,
    isDown: () => isDown,
    user: async (userName: string) => {
      const user = await sql.get(AccountsService).register(userName, 'a password');
      return { ...user, token: (await tokens.issue(user)).token };
    },
    room: async (userId: number, name: string) => (await logic.rooms.create(name, userId)).roomId,
    /** Texts of a room, read from the log and from SQL. */
    texts: async (userId: number, roomId: number) => {
      const { messages } = await histories.page({ userId, roomId, limit: 100 });
      return messages.map((text) => (JSON.parse(text) as { msg: string }).msg);
    },
    /** What a worker does in one round: room ids of what was handed on, and of what was archived. */
    work: async () => {
      const dispatched = (await read('dispatch')).flatMap(({ entry }) => entry?.roomId ?? []);
      const rows = await read('archive');
      const entries = rows.flatMap(({ entry }) => entry ?? []);
      if (entries.length > 0) await archiver.append(entries);
      for (const { shard, streamId } of rows) await streams.ack('archive', shard, [streamId]);
      return { dispatched, archived: entries.map(({ roomId }) => roomId) };
    },
    /** The process has ended; others find nothing of it. */
    end: async () => {
      service.onApplicationShutdown();
      await logic.leave();
      await sql.close();
    },
  };
}
