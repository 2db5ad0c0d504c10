import { messageBody, type DispatchEntry } from '@parley/contracts';
import { MetricsRegistry } from '@parley/observability';
import { AsideStream, RedisConnections, RedisKeys, RoomStore } from '@parley/redis';
import { sharedRedis, uniquePrefix } from '@parley/testing';
import { afterAll, expect, it, onTestFinished, vi } from 'vitest';
import { ArchiveRepository } from '../archive/archive.repository.js';
import { describeSql, openSql, rawSql } from '../database/sql-databases.conformance.js';
import { ArchiveService } from './archive.service.js';
import { AsideAlarm } from './aside-alarm.service.js';

afterAll(async () => (await sharedRedis()).stop());

const entry = (seq: number, msg = 'hi'): DispatchEntry => ({
  roomId: 1,
  seq,
  epoch: 'e1',
  body: messageBody({
    code: 0,
    op: 3,
    msg,
    fromUserId: 3,
    fromUserName: 'demo',
    toUserId: 0,
    toUserName: '',
    roomId: 1,
    createTime: '2026-11-23 08:01:39',
    id: `id-${seq}`,
    clientMsgId: `c-${seq}`,
    sentAt: seq,
  }),
});

describeSql('ArchiveService', (server) => {
  async function open() {
    const url = await server.createDatabase();
    const connections = new RedisConnections((await sharedRedis()).url);
    onTestFinished(() => connections.close());
    const keys = new RedisKeys(uniquePrefix('archive'), { shardCount: 1, shardOf: () => 0 });
    const store = new RoomStore(connections.main, keys, {
      dedupWindowMs: 60_000,
      recentPastMs: 30_000,
      recentFutureMs: 30_000,
      maxPendingEntries: 1_000,
    });
    await connections.main.hset(keys.roomHead(1), 'seq', 50, 'epoch', 'e1');
    const metrics = new MetricsRegistry();
    const logError = vi.fn();
    const archive = new ArchiveService(
      (await openSql(url)).get(ArchiveRepository),
      new AsideStream(connections.main, keys),
      store,
      new AsideAlarm(metrics, logError),
    );
    const inRedis = async () => {
      const rows = await connections.main.xrange(keys.aside(), '-', '+');
      return rows.map(([, fields]) => JSON.parse(fields[3] ?? '') as unknown);
    };
    const archived = async () => (await store.watermarks(1)).archived;
    return { url, archive, metrics, logError, inRedis, archived };
  }
  const refuse = async (url: string, table: string, column: string) =>
    rawSql(
      url,
      server.kind === 'postgres'
        ? `ALTER TABLE ${table} ADD CHECK (${column} NOT LIKE '%poison%')`
        : `CREATE TRIGGER ${table}_poison BEFORE INSERT ON ${table} WHEN NEW.${column} LIKE '%poison%'
           BEGIN SELECT RAISE(ABORT, 'poison'); END`,
    );

  it('raises the watermark over a message that is set aside, and an alarm without its text', async () => {
    const { url, archive, metrics, logError, inRedis, archived } = await open();
    await refuse(url, 'messages', 'body');
    await archive.append([entry(1), entry(2, 'poison'), entry(3)]);
    expect(await archived()).toBe(3);
    expect(await inRedis()).toEqual([]);
    expect(await metrics.metrics()).toContain('parley_messages_set_aside_total{reason="refused"} 1');
    expect(logError).toHaveBeenCalledOnce();
    const [error] = logError.mock.calls[0] as [{ context: unknown }];
    expect(error.context).toMatchObject({ roomId: 1, seq: 2, aside: 'refused' });
    expect(JSON.stringify(error)).not.toContain('poison');
    // Again: it is known by now.
    await archive.append([entry(2, 'poison')]);
    expect(logError).toHaveBeenCalledOnce();
  });

  it('keeps in Redis what SQL takes in no form', async () => {
    const { url, archive, inRedis, archived } = await open();
    await refuse(url, 'messages', 'body');
    await refuse(url, 'messages_aside', 'entry');
    await archive.append([entry(1), entry(2, 'poison'), entry(3)]);
    expect(await inRedis()).toEqual([entry(2, 'poison')]);
    expect(await archived()).toBe(3);
  });

  it('counts nothing as archived while the database takes nothing', async () => {
    const { url, archive, inRedis, archived } = await open();
    await rawSql(url, 'ALTER TABLE messages RENAME TO gone');
    await rawSql(url, 'ALTER TABLE messages_aside RENAME TO gone_too');
    await expect(archive.append([entry(1)])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await archived()).toBe(0);
    expect(await inRedis()).toEqual([]);
  });
});
