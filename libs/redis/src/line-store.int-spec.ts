import { sharedRedis, startRedis, uniquePrefix } from '@parley/testing';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { compareLine, LineStore } from './line-store.js';
import { RoomStore, type AcceptInput } from './room-store.js';
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

  it('knows whether a server loses nothing', async () => {
    const careful = await ownRedis();
    const { connections, lines } = open(careful.url);
    expect(await lines.losesNothing()).toBe(true);
    await connections.main.config('SET', 'appendfsync', 'everysec');
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
