import { sharedRedis, uniquePrefix } from '@parley/testing';
import { afterAll, describe, expect, it } from 'vitest';
import type { ShardSurvey } from './line-store.js';
import { RoomStore, type GoodWhile, type RoomStart } from './room-store.js';
import { connect, proveAll, send, testKeys, testLimits } from './store.fixture.js';

afterAll(async () => (await sharedRedis()).stop());

const room = 42;
const START: RoomStart = { epoch: 'e1', floor: 0, ceiling: 100, archived: 0 };
const NEVER_MS = 9_999_999_999_999;

async function world() {
  const connections = connect((await sharedRedis()).url);
  const { main } = connections;
  const keys = testKeys(uniquePrefix('restore'));
  const lines = await proveAll(connections, keys);
  const rooms = new RoomStore(main, keys, testLimits);
  const begin = async (generation: string, voidLogs = false) => {
    const survey = (await lines.survey())[keys.shardOf(room)] as ShardSurvey;
    await lines.begin(survey, generation, voidLogs);
  };
  const restore = (over: Partial<RoomStart> = {}) => rooms.restoreHead(room, { ...START, ...over });
  const good = (over: Partial<GoodWhile> = {}) => ({
    goodWhile: { generation: '', untilMs: NEVER_MS, ...over },
  });
  const kept = (over: Partial<GoodWhile> = {}) => ({ keptFloor: 3, ...good(over) });
  const head = () => main.hgetall(keys.roomHead(room));
  return { main, keys, rooms, begin, restore, good, kept, head, line: keys.line(keys.shardOf(room)) };
}

describe('a head', () => {
  it('has what it was started with, in the generation of its shard', async () => {
    const { rooms, begin, restore, head } = await world();
    await begin('4.x');
    const result = await restore({ floor: 10, ceiling: 50, archived: 8 });
    expect(result).toEqual({ seq: 10, epoch: 'e1', floor: 10, created: true });
    expect(await head()).toMatchObject({
      seq: '10',
      epoch: 'e1',
      floor: '10',
      ceiling: '50',
      archived: '8',
      line: '4.x',
    });
    expect(await rooms.head(room)).toEqual({ seq: 10, epoch: 'e1', floor: 10 });
  });

  it('that stands is left alone, and answered with the start of its epoch', async () => {
    const { rooms, restore } = await world();
    await restore({ floor: 10 });
    await rooms.accept(send('a'));
    expect(await restore({ epoch: 'e2', floor: 90 })).toEqual({
      seq: 11,
      epoch: 'e1',
      floor: 10,
      created: false,
    });
    expect(await rooms.head(room)).toEqual({ seq: 11, epoch: 'e1', floor: 10 });
  });

  it('is made on a proven server only', async () => {
    const { main, restore, head, line } = await world();
    await main.hset(line, 'replid', 'f'.repeat(40));
    expect(await restore()).toBe('unproven');
    await main.hdel(line, 'replid');
    expect(await restore()).toBe('unproven');
    expect(await head()).toEqual({});
  });

  it('takes the place of one of an ended generation whole: nothing of that is left', async () => {
    const { main, keys, begin, restore, head } = await world();
    await restore();
    await main.hset(keys.roomHead(room), 'idle', '0|1-1');
    await begin('1.a');
    expect(await restore({ epoch: 'e2' })).toMatchObject({ epoch: 'e2', created: true });
    expect(await head()).not.toHaveProperty('idle');
  });

  it('says since when ids made before may have been used, with a sender’s clock ahead; not of a new room', async () => {
    const { rooms, restore, head, main, keys } = await world();
    await restore();
    expect((await head())['since']).toBe('0');
    await main.del(keys.roomHead(room));
    const before = await rooms.nowMs();
    await restore({ floor: 1 });
    const since = Number((await head())['since']) - testLimits.recentFutureMs;
    expect(since).toBeGreaterThanOrEqual(before);
    expect(since).toBeLessThanOrEqual(await rooms.nowMs());
  });

  it('begins above what Redis has issued when SQL knows less, and above what SQL knows when Redis does', async () => {
    const { rooms, begin, restore } = await world();
    await restore({ floor: 20 });
    await rooms.accept(send('a'));
    await begin('1.a');
    expect(await restore({ epoch: 'e2', floor: 20 })).toMatchObject({ seq: 21, floor: 21 });
    await begin('2.a');
    expect(await restore({ epoch: 'e3', floor: 40 })).toMatchObject({ seq: 40, floor: 40 });
  });
});

describe('a log', () => {
  it('of another database is emptied, also of a room without a head and of one from before there were generations', async () => {
    const { main, keys, rooms, begin, restore } = await world();
    const seqs = async () => (await rooms.range(room, 1, undefined, 10)).map(({ seq }) => seq);
    await restore();
    await rooms.accept(send('a'));
    await begin('5.a', true);
    await restore({ epoch: 'e2' });
    expect(await seqs()).toEqual([]);
    await rooms.accept(send('b'));
    expect(await seqs()).toEqual([2]);
    await main.del(keys.roomHead(room));
    await restore({ epoch: 'e3', floor: 2 });
    expect(await seqs()).toEqual([]);
  });

  it('of the first generation of this database, and of later ones, is kept', async () => {
    const { rooms, begin, restore } = await world();
    await restore();
    await begin('9.a', true);
    await restore({ epoch: 'e2' });
    await rooms.accept(send('a'));
    await begin('10.a');
    await restore({ epoch: 'e3' });
    await rooms.accept(send('b'));
    // As numbers: 10 is not below 9.
    await begin('11.a');
    await restore({ epoch: 'e4' });
    expect((await rooms.range(room, 1, undefined, 10)).map(({ epoch }) => epoch)).toEqual(['e2', 'e3']);
  });
});

describe('what a restore was made of', () => {
  it('is good in its generation alone', async () => {
    const { rooms, begin, restore, good, head } = await world();
    await begin('2.a');
    expect(await rooms.generation(room)).toBe('2.a');
    expect(await restore(good({ generation: '1.a' }))).toBe('ended');
    expect(await restore(good())).toBe('ended');
    expect(await head()).toEqual({});
    expect(await restore(good({ generation: '2.a' }))).toMatchObject({ created: true });
  });

  it('is good for its time alone, by the clock of Redis', async () => {
    const { rooms, restore, good, head } = await world();
    expect(await rooms.generation(room)).toBe('');
    const now = await rooms.nowMs();
    expect(await restore(good({ untilMs: now - 1 }))).toBe('late');
    expect(await head()).toEqual({});
    expect(await restore(good({ untilMs: now + 60_000 }))).toMatchObject({ created: true });
  });

  it('may be over when a head stands: nothing is made of it', async () => {
    const { restore, good } = await world();
    await restore({ epoch: 'e5', floor: 9 });
    const over = good({ generation: 'x', untilMs: 1 });
    expect(await restore(over)).toMatchObject({ seq: 9, epoch: 'e5', created: false });
  });

  it('may be a head of an ended generation, which a new epoch begins above', async () => {
    const { begin, restore, good } = await world();
    await restore({ floor: 9 });
    await begin('1.a');
    const result = await restore({ epoch: 'e2', floor: 7, ...good({ generation: '1.a' }) });
    expect(result).toMatchObject({ seq: 9, epoch: 'e2', created: true });
  });
});

describe('a position that SQL has kept', () => {
  it('goes on in its epoch, with the start of that', async () => {
    const { rooms, restore, kept } = await world();
    expect(await restore({ floor: 7, ...kept() })).toEqual({ seq: 7, epoch: 'e1', floor: 3, created: true });
    expect(await rooms.head(room)).toEqual({ seq: 7, epoch: 'e1', floor: 3 });
    expect(await rooms.accept(send('a'))).toMatchObject({ kind: 'ok', seq: 8, epoch: 'e1' });
  });

  it('has ended when its generation has', async () => {
    const { begin, restore, kept, head } = await world();
    await begin('1.a');
    expect(await restore({ floor: 7, ...kept() })).toBe('ended');
    expect(await head()).toEqual({});
    expect(await restore({ floor: 7, ...kept({ generation: '1.a' }) })).toMatchObject({ created: true });
  });

  it('has ended when Redis has a head of an ended generation, which may know more', async () => {
    const { begin, restore, kept } = await world();
    await restore({ floor: 9 });
    await begin('1.a');
    expect(await restore({ floor: 7, ...kept({ generation: '1.a' }) })).toBe('ended');
  });

  it('is too old when it was read before its time was over, and changes nothing', async () => {
    const { rooms, restore, kept, head } = await world();
    const now = await rooms.nowMs();
    expect(await restore({ floor: 7, ...kept({ untilMs: now - 1 }) })).toBe('late');
    expect(await head()).toEqual({});
    expect(await restore({ floor: 7, ...kept({ untilMs: now + 60_000 }) })).toMatchObject({ created: true });
  });

  it('is told to have ended rather than to be too old: to read again would not help', async () => {
    const { begin, restore, kept } = await world();
    await begin('1.a');
    expect(await restore({ floor: 7, ...kept({ untilMs: 1 }) })).toBe('ended');
  });

  it('gives way to a head that stands', async () => {
    const { restore, kept } = await world();
    await restore({ epoch: 'e5', floor: 9 });
    expect(await restore({ floor: 7, ...kept({ untilMs: 1 }) })).toMatchObject({
      seq: 9,
      epoch: 'e5',
      created: false,
    });
  });
});

describe('the turn to restore a room', () => {
  it('is one caller’s, until he ends it or a while has passed', async () => {
    const { main, keys, rooms } = await world();
    expect(await rooms.takeRestoreTurn(room, 60_000)).toBe(true);
    expect(await rooms.takeRestoreTurn(room, 60_000)).toBe(false);
    expect(await rooms.takeRestoreTurn(room + 1, 60_000)).toBe(true);
    const ttl = await main.pttl(keys.roomRestoring(room));
    expect(ttl).toBeGreaterThan(30_000);
    expect(ttl).toBeLessThanOrEqual(60_000);
    await rooms.endRestoreTurn(room);
    expect(await rooms.takeRestoreTurn(room, 60_000)).toBe(true);
  });
});

describe('a watermark', () => {
  it('is raised and never lowered, the archived one no further than what was issued', async () => {
    const { rooms, restore, head } = await world();
    await restore({ floor: 10, archived: 4 });
    await rooms.markArchived(room, 6);
    await rooms.markArchived(room, 5);
    expect(await rooms.watermarks(room)).toEqual({ seq: 10, archived: 6 });
    await rooms.markArchived(room, 99);
    expect(await rooms.watermarks(room)).toEqual({ seq: 10, archived: 10 });
    await rooms.raiseCeiling(room, 1_000);
    await rooms.raiseCeiling(room, 999);
    expect((await head())['ceiling']).toBe('1000');
  });

  it('is 0 of a room that Redis does not know', async () => {
    const { rooms } = await world();
    expect(await rooms.watermarks(room)).toEqual({ seq: 0, archived: 0 });
  });
});
