import { eventually, startRedis, uniquePrefix, type StartRedisOptions } from '@parley/testing';
import { LineWitness, RedisConnections } from '@parley/redis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openSql, sqlite } from '../database/sql-databases.conformance.js';
import { startLogic } from './logic.fixture.js';

const room = 1;

/** A Redis, a database, and as many logic processes as are started on them. */
async function system(options: StartRedisOptions = { appendFsync: 'always' }) {
  const redis = await startRedis(options);
  onTestFinished(() => redis.stop());
  const url = await sqlite.createDatabase();
  const prefix = uniquePrefix();
  const start = async (redisUrl = redis.url) => {
    const sql = await openSql(url);
    const logic = await startLogic(redisUrl, prefix, sql);
    onTestFinished(() => logic.die());
    return logic;
  };
  /** Kills Redis and starts it again with the files of `copy`, older ones. */
  const comeBack = async (copy?: ReturnType<typeof redis.copyFiles>) => {
    await redis.kill();
    if (copy) redis.restoreFiles(copy);
    await redis.restart();
  };
  return { redis, start, comeBack };
}

type Logic = Awaited<ReturnType<Awaited<ReturnType<typeof system>>['start']>>;

/** Everybody has noted everything, in memory and in SQL, as they do every few seconds. */
async function settled(...logics: Logic[]) {
  for (const logic of logics) await logic.line.noteNow();
}

async function fill(logic: Logic, from: number, to: number) {
  for (let n = from; n <= to; n++) await logic.accepted(room, `m${n}`);
}

describe('a Redis that lost nothing', { timeout: 40_000 }, () => {
  it.each(['always', 'everysec'] as const)(
    'keeps its epochs while the processes live (%s), killed or stopped, and is back well under 2 s',
    async (appendFsync) => {
      const { redis, start } = await system({ appendFsync });
      const [a, b] = [await start(), await start()];
      const first = await a.accepted(room, 'm1');
      await settled(a, b);
      // With everysec Redis holds back what it writes while the disk is slow: that would be lost, and rightly be noticed.
      const probe = new RedisConnections(redis.url);
      onTestFinished(() => probe.close());
      await eventually(async () =>
        expect(await probe.main.info('persistence')).toMatch(/^aof_buffer_length:0\r?$/m),
      );
      for (const stop of [() => redis.kill(), () => Promise.resolve()]) {
        await stop();
        await redis.restart();
        const back = performance.now();
        const next = await eventually(() => b.accepted(room, 'more'), { timeoutMs: 5_000 });
        expect(next.epoch).toBe(first.epoch);
        expect(performance.now() - back).toBeLessThan(2_000);
      }
      expect(a.warnings).toEqual([]);
    },
  );

  it('keeps its epochs when everybody is started again after an orderly stop, whatever its settings', async () => {
    const { start, comeBack } = await system({ appendFsync: 'everysec' });
    const [a, b] = [await start(), await start()];
    const first = await a.accepted(room, 'm1');
    await Promise.all([a.leave(), b.leave()]);
    await comeBack();
    expect(await (await start()).accepted(room, 'm2')).toMatchObject({ seq: 2, epoch: first.epoch });
  });

  it('keeps its epochs when everybody was killed and its settings say that it loses nothing', async () => {
    const { start, comeBack } = await system({ appendFsync: 'always' });
    const [a, b] = [await start(), await start()];
    const first = await a.accepted(room, 'm1');
    a.die();
    b.die();
    await comeBack();
    const [c] = await Promise.all([start(), start()]);
    expect(await c.accepted(room, 'm2')).toMatchObject({ seq: 2, epoch: first.epoch });
  });

  it('has its epochs end when everybody was killed and nothing tells whether it lost anything', async () => {
    const { start, comeBack } = await system({ appendFsync: 'everysec' });
    const a = await start();
    const first = await a.accepted(room, 'm1');
    a.die();
    await comeBack();
    const b = await start();
    expect((await b.accepted(room, 'm2')).epoch).not.toBe(first.epoch);
    expect(b.warnings).toHaveLength(1);
  });
});

// Head 3 instead of 5, same epoch: the next sends were acknowledged as 4 and 5 again, and dropped by everybody as old.
describe('a Redis that came back with less', { timeout: 40_000 }, () => {
  it('ends the epoch, and gives no number out twice: the processes have seen more', async () => {
    const { redis, start, comeBack } = await system();
    const [a, b] = [await start(), await start()];
    await fill(a, 1, 3);
    const copy = redis.copyFiles();
    await fill(a, 4, 5);
    const last = await b.accepted(room, 'm6');
    await comeBack(copy);
    const next = await eventually(() => a.accepted(room, 'after'), { timeoutMs: 8_000 });
    expect(next.epoch).not.toBe(last.epoch);
    expect(next.seq).toBeGreaterThan(last.seq);
    expect(await b.accepted(room, 'after 2')).toMatchObject({ seq: next.seq + 1, epoch: next.epoch });
    // What was not lost is still there, under its old epoch.
    const log = await a.store.range(room, 1, undefined, 100);
    expect(log.map(({ seq }) => seq)).toEqual([1, 2, 3, next.seq, next.seq + 1]);
  });

  it('ends the epoch of a room nobody sends to', async () => {
    const { redis, start, comeBack } = await system();
    const a = await start();
    await a.accepted(room, 'm1');
    const copy = redis.copyFiles();
    const last = await a.accepted(room, 'm2');
    await comeBack(copy);
    await eventually(async () => expect(await a.store.head(room)).toBeUndefined());
    expect((await a.heads.ensure(room)).epoch).not.toBe(last.epoch);
  });

  it('ends the epoch when everybody is started again: SQL has seen more', async () => {
    const { redis, start, comeBack } = await system();
    const [a, b] = [await start(), await start()];
    await a.accepted(room, 'm1');
    const copy = redis.copyFiles();
    const last = await a.accepted(room, 'm2');
    // One stopped in order, one killed: after the few seconds in which they write it down.
    await settled(a, b);
    await b.line.save();
    await a.leave();
    b.die();
    await comeBack(copy);
    const next = await (await start()).accepted(room, 'after');
    expect(next.epoch).not.toBe(last.epoch);
    expect(next.seq).toBeGreaterThan(last.seq);
  });

  it('ends the epoch when a replica that was behind is promoted', async () => {
    const { redis, start } = await system();
    const replica = await startRedis({ appendFsync: 'always', replicaOfPort: redis.port });
    onTestFinished(() => replica.stop());
    const a = await start();
    await a.accepted(room, 'm1');
    await replica.synced();
    await replica.promote();
    const last = await a.accepted(room, 'm2');
    // The name of the primary now points to the replica.
    a.die();
    const b = await start(replica.url);
    const next = await b.accepted(room, 'after');
    expect(next.epoch).not.toBe(last.epoch);
    expect(next.seq).toBeGreaterThan(last.seq);
  });

  it('ends the epoch when it was emptied', async () => {
    const { start } = await system();
    const [a, b] = [await start(), await start()];
    const last = await a.accepted(room, 'm1');
    await settled(a, b);
    await a.connections.main.flushall();
    const next = await eventually(() => b.accepted(room, 'after'), { timeoutMs: 8_000 });
    expect(next.epoch).not.toBe(last.epoch);
    expect(next.seq).toBeGreaterThan(last.seq);
  });

  // Its sender was never told, but members were shown it: the next one got its number, and they dropped that as old.
  it('ends the epoch when a worker has handed on what no sender was told of', async () => {
    const { redis, start, comeBack } = await system();
    const a = await start();
    const last = await a.accepted(room, 'm1');
    const witness = new LineWitness(a.lines, a.connections, a.events);
    await witness.start();
    onTestFinished(() => witness.stop().catch(() => undefined));
    await eventually(async () =>
      expect(Object.keys(await a.connections.main.hgetall(a.keys.lineLives()))).toHaveLength(2),
    );
    await settled(a);
    const copy = redis.copyFiles();
    const shard = a.keys.shardOf(room);
    const other = new RedisConnections(redis.url);
    onTestFinished(() => other.close());
    witness.saw(shard, String(await other.main.xadd(a.keys.dispatch(shard), '*', 's', 2)));
    await comeBack(copy);
    const next = await eventually(() => a.accepted(room, 'after'), { timeoutMs: 8_000 });
    expect(next.epoch).not.toBe(last.epoch);
  });

  it('is told so by a life that was away when it was judged', async () => {
    const { redis, start, comeBack } = await system();
    const [a, b] = [await start(), await start()];
    await a.accepted(room, 'm1');
    await settled(b);
    const copy = redis.copyFiles();
    const last = await a.accepted(room, 'm2');
    // Never heard again by b, which trusts the settings of this Redis in the end.
    a.line.stopTimers();
    a.connections.main.disconnect();
    await comeBack(copy);
    await eventually(() => b.line.proven(), { timeoutMs: 10_000 });
    expect(await b.store.head(room)).toMatchObject({ seq: 1, epoch: last.epoch });
    await a.connections.main.connect();
    await eventually(() => a.line.noteNow(), { timeoutMs: 8_000 });
    expect((await a.accepted(room, 'after')).epoch).not.toBe(last.epoch);
  });
});

describe('a room without a head', { timeout: 40_000 }, () => {
  // N sends made N restores, and each raised the ceiling.
  it('is restored once, whoever needs it: the ceiling grows by one step', async () => {
    const { start } = await system();
    const [a, b] = [await start(), await start()];
    await Promise.all(
      [a, b].flatMap((logic) => Array.from({ length: 20 }, (_, n) => logic.accepted(room, `m${n}`))),
    );
    expect(await a.seqCeiling(room)).toBe(100_000);
    await a.connections.main.del(a.keys.roomHead(room));
    const acks = await Promise.all(
      [a, b].flatMap((logic) => [1, 2, 3].map((n) => logic.accepted(room, `n${n}`))),
    );
    expect(new Set(acks.map(({ epoch }) => epoch)).size).toBe(1);
    expect(acks.map(({ seq }) => seq).sort((x, y) => x - y)).toEqual(
      [1, 2, 3, 4, 5, 6].map((n) => 100_000 + n),
    );
    expect(await a.seqCeiling(room)).toBe(200_000);
  });
});
