import { sharedRedis, startRedis, uniquePrefix } from '@parley/testing';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { compareLine, LineStore } from './line-store.js';
import type { AcceptInput } from './accept-terms.js';
import { RoomStore } from './room-store.js';
import { connect, proveAll, testKeys, testLimits } from './store.fixture.js';

afterAll(async () => (await sharedRedis()).stop());

const room = 42;
const START = { epoch: 'e1', floor: 0, ceiling: 100, archived: 0 };
const send = (clientMsgId: string): AcceptInput => ({
  roomId: room,
  senderId: 7,
  clientMsgId,
  body: '{"n":1',
  text: 'hi',
  id: 'id',
  sentAt: 5,
  clientMsgIdMs: 0,
  archiveAsked: true,
});

function open(url: string) {
  const connections = connect(url);
  const keys = testKeys(uniquePrefix());
  const rooms = new RoomStore(connections.main, keys, testLimits);
  const lines = new LineStore(connections.main, keys, testLimits.recentFutureMs);
  const survey = async () => (await lines.survey())[keys.shardOf(room)]!;
  return { connections, keys, rooms, lines, survey };
}

async function ownRedis() {
  const redis = await startRedis({ appendFsync: 'always' });
  onTestFinished(() => redis.stop());
  return redis;
}

describe('the line of a shard', () => {
  it('accepts nothing and restores nothing before it is proven', async () => {
    const { rooms, survey, lines } = open((await sharedRedis()).url);
    expect(await rooms.restoreHead(room, START)).toBe('unproven');
    expect(await rooms.accept(send('a'))).toEqual({ kind: 'unproven' });
    const before = await survey();
    expect(before).toMatchObject({ provenOn: '', generation: '', streamId: '0-0' });
    expect(await lines.prove(before, '')).toBe(true);
    await rooms.restoreHead(room, START);
    const outcome = await rooms.accept(send('a'));
    expect(outcome).toMatchObject({ kind: 'ok', seq: 1, line: { generation: '' } });
    expect(outcome.kind === 'ok' && outcome.line.streamId).toBe((await survey()).streamId);
  });

  // A Redis that came back with less than it had went on where it was, and gave numbers out a second time.
  it.each(['kill', 'terminate'] as const)(
    'is unproven again on a server that came back (%s), until somebody says what it has',
    async (how) => {
      const redis = await ownRedis();
      const { connections, keys, rooms, survey, lines } = open(redis.url);
      await proveAll(connections, keys);
      await rooms.restoreHead(room, START);
      await rooms.accept(send('a'));
      if (how === 'kill') await redis.kill();
      await redis.restart();
      expect(await rooms.accept(send('b'))).toEqual({ kind: 'unproven' });
      expect((await rooms.watermarks(room)).seq).toBe(1);
      const returned = await survey();
      expect(returned.provenOn).not.toBe(returned.serverId);
      await lines.prove(returned, returned.generation);
      expect(await rooms.accept(send('b'))).toMatchObject({ kind: 'ok', seq: 2, epoch: 'e1' });
    },
  );

  it('is decided once per server: a slower decision undoes nothing', async () => {
    const { survey, lines } = open((await sharedRedis()).url);
    const seen = await survey();
    expect(await lines.prove(seen, '1.new')).toBe(true);
    expect(await lines.prove(seen, '')).toBe(false);
    expect(await lines.prove(seen, '1.other')).toBe(false);
    expect(await survey()).toMatchObject({ provenOn: seen.serverId, generation: '1.new' });
    // Nor one that was made of the same survey, when the first let the generation go on.
    const other = open((await sharedRedis()).url);
    const same = await other.survey();
    expect(await other.lines.prove(same, '')).toBe(true);
    expect(await other.lines.prove(same, '1.late')).toBe(false);
    expect(await other.survey()).toMatchObject({ provenOn: same.serverId, generation: '' });
    // Nor does one that was meant for another server.
    expect(await lines.begin({ ...(await survey()), serverId: 'another' }, '2.x')).toBe(false);
  });

  it('ends every epoch of the shard by a new generation, and the next one starts above the old head', async () => {
    const { connections, keys, rooms, survey, lines } = open((await sharedRedis()).url);
    await proveAll(connections, keys);
    await rooms.restoreHead(room, { ...START, floor: 10 });
    await rooms.accept(send('a'));
    const seen = await survey();
    expect(await lines.begin(seen, '1.a')).toBe(true);
    expect(await lines.begin(seen, '1.b')).toBe(false);
    expect(await rooms.head(room)).toBeUndefined();
    expect(await rooms.accept(send('b'))).toEqual({ kind: 'no-head' });
    // SQL may have stepped back too: what Redis has issued is not issued again.
    expect(await rooms.restoreHead(room, { ...START, epoch: 'e2', floor: 3, ceiling: 50 })).toMatchObject({
      seq: 11,
      epoch: 'e2',
      created: true,
    });
    expect(await rooms.accept(send('b'))).toMatchObject({ kind: 'ok', seq: 12, epoch: 'e2' });
    expect((await rooms.range(room, 1, undefined, 10)).map(({ seq }) => seq)).toEqual([11, 12]);
    // What was accepted before and is still here is still known.
    expect(await rooms.accept(send('a'))).toMatchObject({ kind: 'duplicate', seq: 11, epoch: 'e1' });
  });

  it('empties the logs of another database as the rooms come back', async () => {
    const { connections, keys, rooms, survey, lines } = open((await sharedRedis()).url);
    await proveAll(connections, keys);
    await rooms.restoreHead(room, START);
    await rooms.accept(send('a'));
    await lines.begin(await survey(), '1.a', true);
    await rooms.restoreHead(room, { ...START, epoch: 'e2' });
    expect(await rooms.range(room, 1, undefined, 10)).toEqual([]);
    // Of this database's own, a later generation keeps what there is.
    await rooms.accept(send('b'));
    await lines.begin(await survey(), '2.a');
    await rooms.restoreHead(room, { ...START, epoch: 'e3' });
    expect((await rooms.range(room, 1, undefined, 10)).map(({ epoch }) => epoch)).toEqual(['e2']);
  });

  it('ends one epoch whose head is below what was seen of it', async () => {
    const { connections, keys, rooms } = open((await sharedRedis()).url);
    await proveAll(connections, keys);
    await rooms.restoreHead(room, START);
    await rooms.accept(send('a'));
    const next = { ...START, epoch: 'e2', floor: 100, ceiling: 200 };
    const restore = (seq: number, epoch: string) =>
      rooms.restoreHead(room, { ...next, seen: { seq, epoch } });
    expect(await restore(1, 'e1')).toMatchObject({ epoch: 'e1', created: false });
    expect(await restore(9, 'e0')).toMatchObject({ epoch: 'e1', created: false });
    expect(await restore(2, 'e1')).toMatchObject({ epoch: 'e2', seq: 100, created: true });
  });

  it('is unproven on any other server than the one it names', async () => {
    const { connections, keys, rooms, survey, lines } = open((await sharedRedis()).url);
    await proveAll(connections, keys);
    await rooms.restoreHead(room, START);
    const line = keys.line(keys.shardOf(room));
    await connections.main.hset(line, 'replid', 'f'.repeat(40));
    expect(await rooms.accept(send('a'))).toEqual({ kind: 'unproven' });
    const there = await survey();
    expect(there.provenOn).toBe('f'.repeat(40));
    expect(there.serverId).toMatch(/^[0-9a-f]{40}$/);
    expect(await connections.main.info('replication')).toContain(`master_replid:${there.serverId}`);
    // Another generation has begun since it was surveyed.
    expect(await lines.prove({ ...there, generation: '5.z' }, '6.z')).toBe(false);
    expect(await lines.begin({ ...there, generation: '5.z' }, '6.z')).toBe(false);
    expect(await survey()).toMatchObject({ provenOn: 'f'.repeat(40), generation: '' });
    expect(await lines.prove(there, '6.z')).toBe(true);
    expect(await survey()).toMatchObject({ provenOn: there.serverId, generation: '6.z' });
  });

  it('leaves older logs void when a later generation begins without a change of database', async () => {
    const { connections, keys, survey, lines } = open((await sharedRedis()).url);
    const line = keys.line(keys.shardOf(room));
    await lines.begin(await survey(), '3.a', true);
    await lines.begin(await survey(), '4.a');
    expect(await connections.main.hget(line, 'void')).toBe('3');
  });

  it('is surveyed by the newest id that its stream ever had, and by the clock', async () => {
    const { connections, keys, survey } = open((await sharedRedis()).url);
    const { main } = connections;
    const stream = keys.dispatch(keys.shardOf(room));
    await main.xadd(stream, '7-1', 'a', 1);
    const newest = await main.xadd(stream, '8-3', 'a', 1);
    await main.xtrim(stream, 'MAXLEN', 0);
    const before = Number((await main.time())[0]) * 1_000;
    const { streamId, nowMs, promoted } = await survey();
    expect({ streamId, promoted }).toEqual({ streamId: newest, promoted: false });
    expect(nowMs).toBeGreaterThanOrEqual(before);
    expect(nowMs).toBeLessThan((Number((await main.time())[0]) + 1) * 1_000);
  });

  it('says of a server that it was once promoted', async () => {
    const primary = await ownRedis();
    const replica = await startRedis({ replicaOfPort: primary.port });
    onTestFinished(() => replica.stop());
    await replica.synced();
    await replica.promote();
    expect((await open(replica.url).survey()).promoted).toBe(true);
  });

  it('has Redis’s clock noted now and then, and only where it is proven', async () => {
    const { connections, keys, survey, lines } = open((await sharedRedis()).url);
    const { main } = connections;
    const line = keys.line(keys.shardOf(room));
    const at = async () => Number(await main.hget(line, 'at'));
    const seen = await survey();
    expect(await main.hexists(line, 'at')).toBe(0);
    await lines.prove(seen, '');
    const noted = await survey();
    expect(await at()).toBe(noted.nowMs);
    // Not at every look, and not before it is time.
    await main.hset(line, 'at', noted.nowMs - 10_000);
    const { nowMs } = await survey();
    expect(await at()).toBe(noted.nowMs - 10_000);
    await main.hset(line, 'at', nowMs - 30_001);
    expect(await at()).toBe(nowMs - 30_001);
    await survey();
    expect(await at()).toBeGreaterThanOrEqual(nowMs);
    // A little behind is no step back.
    const ahead = (await survey()).nowMs + 900;
    await main.hset(line, 'at', ahead);
    await survey();
    expect(await main.hexists(line, 'doubt')).toBe(0);
    await main.hset(line, 'at', ahead + 3_600_000);
    const back = await survey();
    expect(await at()).toBe(back.nowMs);
    expect(Number(await main.hget(line, 'doubt'))).toBe(back.nowMs + testLimits.recentFutureMs);
    // On a server that is not proven the noted time is no measure.
    await main.hset(line, 'replid', 'f'.repeat(40), 'at', ahead + 3_600_000);
    await survey();
    expect(await at()).toBe(ahead + 3_600_000);
  });

  it('gathers what lives know of a server, and forgets it in a while', async () => {
    const { connections, keys, lines } = open((await sharedRedis()).url);
    await lines.report('s1', 'a', 'of a');
    await lines.report('s1', 'b', 'of b');
    await lines.report('s2', 'a', 'elsewhere');
    expect(await lines.reports('s1')).toEqual({ a: 'of a', b: 'of b' });
    const ttl = await connections.main.pttl(keys.lineReports('s1'));
    expect(ttl).toBeGreaterThan(30_000);
    expect(ttl).toBeLessThanOrEqual(60_000);
  });

  it('counts the beats of each life, answers with all, and takes off those that have ended', async () => {
    const { lines } = open((await sharedRedis()).url);
    expect(await lines.beat('a')).toEqual({ a: '1' });
    await lines.beat('b');
    expect(await lines.beat('a')).toEqual({ a: '2', b: '1' });
    await lines.forget();
    await lines.beat('c');
    await lines.forget('a', 'c');
    expect(await lines.beat('b')).toEqual({ b: '2' });
  });

  it('knows whether a server loses nothing', async () => {
    const careful = await ownRedis();
    const { connections, lines } = open(careful.url);
    expect(await lines.losesNothing()).toBe(true);
    await connections.main.config('SET', 'appendfsync', 'everysec');
    expect(await lines.losesNothing()).toBe(false);
    await connections.main.config('SET', 'appendfsync', 'always');
    await connections.main.config('SET', 'appendonly', 'no');
    expect(await lines.losesNothing()).toBe(false);
    await connections.main.config('SET', 'appendonly', 'yes');
    expect(await lines.losesNothing()).toBe(true);
    // It does not say.
    await connections.main.call('ACL', 'SETUSER', 'default', '-config');
    expect(await lines.losesNothing()).toBe(false);
  });
});

describe('compareLine', () => {
  const at = (generation: string, streamId: string) => ({ generation, streamId });
  it('orders by generation, then by id as numbers', () => {
    expect(compareLine(at('1.a', '9-1'), at('1.a', '10-0'))).toBeLessThan(0);
    expect(compareLine(at('1.a', '9-10'), at('1.a', '9-9'))).toBeGreaterThan(0);
    expect(compareLine(at('2.b', '1-0'), at('1.a', '9-0'))).toBeGreaterThan(0);
    expect(compareLine(at('', '9-0'), at('1.a', '1-0'))).toBeLessThan(0);
    expect(compareLine(at('1.a', '1-0'), at('1.b', '1-0'))).toBeNaN();
  });
});
