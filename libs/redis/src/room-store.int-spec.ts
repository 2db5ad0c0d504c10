import { sharedRedis, startRedis, uniquePrefix } from '@parley/testing';
import { Redis } from 'ioredis';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { acceptCall } from './accept-call.js';
import { scripts } from './generated/scripts.js';
import type { ShardSurvey } from './line-store.js';
import type { AcceptInput } from './accept-terms.js';
import { RoomStore, type RoomStart } from './room-store.js';
import { connect, proveAll, send as sendOf, testKeys, testLimits } from './store.fixture.js';

afterAll(async () => (await sharedRedis()).stop());

const room = 42;
const START = { epoch: 'e1', floor: 0, ceiling: 100_000, archived: 0 };
/** Where an accepted message is in the dispatch stream. */
const line = { generation: '', streamId: expect.stringMatching(/^\d+-\d+$/) as string };

interface StoreOptions extends Partial<typeof testLimits> {
  start?: Partial<RoomStart>;
  head?: boolean;
  url?: string;
}

async function store({ start = {}, head = true, url, ...limits }: StoreOptions = {}) {
  const connections = connect(url ?? (await sharedRedis()).url);
  const { main } = connections;
  const keys = testKeys(uniquePrefix());
  const lines = await proveAll(connections, keys);
  const rooms = new RoomStore(main, keys, { ...testLimits, ...limits });
  if (head) await rooms.restoreHead(room, { ...START, ...start });
  const lengths = async () => [
    await main.xlen(keys.roomLog(room)),
    await main.xlen(keys.dispatch(keys.shardOf(room))),
  ];
  const survey = async () => (await lines.survey())[keys.shardOf(room)] as ShardSurvey;
  const oldest = async () => (await rooms.range(room, 1, undefined, 1))[0]?.seq;
  const length = () => main.xlen(keys.roomLog(room));
  return { main, keys, lines, survey, rooms, lengths, oldest, length };
}

const send = (n: number | string, over: Partial<AcceptInput> = {}) => sendOf(`c${n}`, over);

describe('accept', () => {
  it('numbers messages 1, 2, 3 and appends each to the log and to the dispatch stream', async () => {
    const { main, keys, rooms } = await store({ start: { ceiling: 10 } });
    const outcomes = await Promise.all([1, 2, 3].map((n) => rooms.accept(send(n))));
    expect(outcomes).toEqual([
      { kind: 'ok', seq: 1, epoch: 'e1', seqsLeft: 9, line },
      { kind: 'ok', seq: 2, epoch: 'e1', seqsLeft: 8, line },
      { kind: 'ok', seq: 3, epoch: 'e1', seqsLeft: 7, line },
    ]);
    expect(await rooms.range(room, 1, undefined, 10)).toEqual(
      [1, 2, 3].map((n) => ({ seq: n, epoch: 'e1', body: `{"n":"c${n}"` })),
    );
    const [, fields] = (await main.xrange(keys.dispatch(keys.shardOf(room)), '-', '+'))[1] ?? [];
    expect(fields).toEqual(['r', '42', 's', '2', 'e', 'e1', 'b', '{"n":"c2"', 't', '', 'h', '1']);
    expect(await rooms.head(room)).toEqual({ seq: 3, epoch: 'e1', floor: 0 });
  });

  it('hints of a message to each instance that holds the room, and says whether all of them listen', async () => {
    const { main, keys, rooms } = await store();
    const shard = keys.shardOf(room);
    const heard: string[] = [];
    const subscriber = connect((await sharedRedis()).url).createSubscriber('hints');
    subscriber.on('message', (channel: string, text: string) => heard.push(`${channel} ${text}`));
    await main.hset(keys.roomInstances(room), { a: 1, b: 2 });
    const isHinted = async () => {
      const [[, fields] = ['', []]] = await main.xrevrange(keys.dispatch(shard), '+', '-', 'COUNT', 1);
      return fields.slice(-2).join();
    };
    await subscriber.subscribe(keys.hints(shard, 'a'));
    await rooms.accept(send(1));
    expect(await isHinted()).toBe('h,');
    await subscriber.subscribe(keys.hints(shard, 'b'));
    await rooms.accept(send(2));
    expect(await isHinted()).toBe('h,1');
    await subscriber.ping();
    const [a, b] = [keys.hints(shard, 'a'), keys.hints(shard, 'b')];
    expect(heard).toEqual([`${a} 42|1|e1||{"n":"c1"`, `${a} 42|2|e1||{"n":"c2"`, `${b} 42|2|e1||{"n":"c2"`]);
    // A repeated send is no message, and a direct one goes elsewhere.
    await rooms.accept(send(2));
    await rooms.accept(send(3, { recipients: [7, 9] }));
    await subscriber.ping();
    expect([heard.length, await isHinted()]).toEqual([3, 'h,']);
  });

  it('names the recipients of a direct message', async () => {
    const { main, keys, rooms } = await store();
    await rooms.accept(send(1, { recipients: [7, 9] }));
    const [, fields] = (await main.xrange(keys.dispatch(keys.shardOf(room)), '-', '+'))[0] ?? [];
    expect(fields?.slice(-4)).toEqual(['t', '7,9', 'h', '']);
  });

  it('answers a repeated send like the first and appends nothing', async () => {
    const { rooms, lengths } = await store();
    await rooms.accept(send(1));
    await rooms.accept(send(2));
    expect(await rooms.accept(send(1, { id: 'other', sentAt: 99 }))).toEqual({
      kind: 'duplicate',
      seq: 1,
      epoch: 'e1',
      id: 'id-c1',
      sentAt: 5,
      sameText: true,
    });
    expect(await lengths()).toEqual([2, 2]);
    expect(await rooms.head(room)).toEqual({ seq: 2, epoch: 'e1', floor: 0 });
  });

  it('tells another text under a used id, and other senders apart', async () => {
    const { rooms, lengths } = await store();
    await rooms.accept(send(1));
    expect(await rooms.accept(send(1, { text: 'another' }))).toMatchObject({
      kind: 'duplicate',
      seq: 1,
      sameText: false,
    });
    expect(await rooms.accept(send(1, { senderId: 8 }))).toMatchObject({ kind: 'ok', seq: 2 });
    expect(await lengths()).toEqual([2, 2]);
  });

  it('of one send made twice at once accepts one', async () => {
    const { keys, rooms, lengths } = await store();
    const second = new RoomStore(connect((await sharedRedis()).url).main, keys, testLimits);
    const outcomes = await Promise.all([rooms.accept(send(1)), second.accept(send(1))]);
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['duplicate', 'ok']);
    expect(await lengths()).toEqual([1, 1]);
  });

  it('appends nothing without a head', async () => {
    const { rooms, lengths } = await store({ head: false });
    expect(await rooms.accept(send(1))).toEqual({ kind: 'no-head' });
    expect(await lengths()).toEqual([0, 0]);
    expect(await rooms.head(room)).toBeUndefined();
  });

  it('stops at the ceiling and goes on when it is raised; it is never lowered', async () => {
    const { rooms } = await store({ start: { ceiling: 2 } });
    await rooms.accept(send(1));
    expect(await rooms.accept(send(2))).toMatchObject({ kind: 'ok', seqsLeft: 0 });
    expect(await rooms.accept(send(3))).toEqual({ kind: 'ceiling' });
    await rooms.raiseCeiling(room, 3);
    await rooms.raiseCeiling(room, 1);
    expect(await rooms.accept(send(3))).toMatchObject({ kind: 'ok', seq: 3, seqsLeft: 0 });
  });

  it('fills the dispatch stream to its bound, then refuses, appending nothing and using no number', async () => {
    const { main, keys, rooms, lengths } = await store({ maxPendingEntries: 2 });
    expect(await rooms.accept(send(1))).toMatchObject({ kind: 'ok', seq: 1 });
    expect(await rooms.accept(send(2))).toMatchObject({ kind: 'ok', seq: 2 });
    expect(await rooms.accept(send(3))).toEqual({ kind: 'overloaded' });
    expect(await lengths()).toEqual([2, 2]);
    expect(await rooms.head(room)).toEqual({ seq: 2, epoch: 'e1', floor: 0 });
    // What was accepted is still recognised.
    expect(await rooms.accept(send(2))).toMatchObject({ kind: 'duplicate', seq: 2 });
    // What was refused may be sent again under its id when there is room.
    await main.xtrim(keys.dispatch(keys.shardOf(room)), 'MAXLEN', 1);
    expect(await rooms.accept(send(3))).toMatchObject({ kind: 'ok', seq: 3 });
  });

  it('trims the log to a bound, but never what is not archived', async () => {
    const { main, keys, rooms } = await store();
    const fill = (from: number, to: number) =>
      Promise.all(Array.from({ length: to - from + 1 }, (_, i) => rooms.accept(send(from + i))));
    await fill(1, 1_400);
    expect(await main.xlen(keys.roomLog(room))).toBe(1_400);
    await rooms.markArchived(room, 150);
    await fill(1_401, 1_500);
    const [oldest] = await rooms.range(room, 1, undefined, 1);
    expect(oldest?.seq).toBeGreaterThan(1);
    expect(oldest?.seq).toBeLessThanOrEqual(151);
    await rooms.markArchived(room, 1_500);
    await fill(1_501, 1_600);
    const length = await main.xlen(keys.roomLog(room));
    expect(length).toBeGreaterThanOrEqual(1_000);
    // Trimmed by whole nodes of 100, and only at every 64th message.
    expect(length).toBeLessThanOrEqual(1_200);
  });

  it('keeps exactly a thousand messages in the log, and what is above the archived one', async () => {
    // One entry a node: what is trimmed by whole nodes goes to the entry.
    const redis = await startRedis({ appendOnly: false, extraArgs: ['--stream-node-max-entries', '1'] });
    onTestFinished(() => redis.stop());
    const { rooms, oldest, length } = await store({ url: redis.url });
    const fill = (from: number, to: number) =>
      Promise.all(Array.from({ length: to - from + 1 }, (_, i) => rooms.accept(send(from + i))));
    await fill(1, 1_023);
    await rooms.markArchived(room, 15);
    await fill(1_024, 1_087);
    // The one after the 1,024th: 24 are too many, 15 of them are archived.
    expect(await oldest()).toBe(16);
    await rooms.markArchived(room, 1_087);
    expect(await rooms.accept(send(1_088))).toMatchObject({ kind: 'ok', seq: 1_088 });
    expect([await oldest(), await length()]).toEqual([89, 1_000]);
    await fill(1_089, 1_151);
    expect(await oldest()).toBe(89);
  });

  it('tells of what was appended where it is, before the answer, and of nothing else', async () => {
    const { rooms, survey } = await store({ start: { ceiling: 2 } });
    const told: unknown[] = [];
    rooms.onAppended((roomId, at) => told.push([roomId, at]));
    const first = await rooms.accept(send(1));
    expect(told).toEqual([[room, { generation: '', streamId: (await survey()).streamId }]]);
    expect(first).toMatchObject({ line: { streamId: (await survey()).streamId } });
    await rooms.accept(send(1));
    await rooms.accept(send(2));
    await rooms.accept(send(3));
    expect(told).toHaveLength(2);
  });

  it('names the generation and the epoch that a message is of', async () => {
    const { rooms, lines, survey } = await store();
    await rooms.accept(send(1));
    await lines.begin(await survey(), '7.x');
    await rooms.restoreHead(room, { ...START, epoch: 'e7' });
    expect(await rooms.accept(send(2))).toMatchObject({
      kind: 'ok',
      epoch: 'e7',
      line: { generation: '7.x' },
    });
    expect(await rooms.range(room, 1, undefined, 9)).toMatchObject([{ epoch: 'e1' }, { epoch: 'e7' }]);
    expect(await rooms.accept(send(2))).toMatchObject({ kind: 'duplicate', seq: 2, epoch: 'e7' });
  });

  // It repeated the ack of a send that its successor had never got.
  it('is refused on a replica, a repeated send too, which would write nothing', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const { rooms, keys } = await store({ url: redis.url });
    await rooms.accept(send(1));
    const raw = new Redis(redis.url);
    onTestFinished(() => raw.disconnect());
    await raw.replicaof('127.0.0.1', '9');
    const again = (n: number) => {
      const call = acceptCall(send(n), keys, testLimits);
      return raw.eval(scripts.acceptMessage.lua, call.keys.length, ...call.keys, ...call.args);
    };
    await expect(again(1)).rejects.toThrow(/^READONLY/);
    await expect(again(2)).rejects.toThrow(/READONLY/);
  });
});

describe('reading', () => {
  it('reads ranges and the newest, ascending', async () => {
    const { rooms } = await store();
    await Promise.all([1, 2, 3, 4, 5].map((n) => rooms.accept(send(n))));
    const seqs = async (entries: Promise<{ seq: number }[]>) => (await entries).map(({ seq }) => seq);
    expect(await seqs(rooms.range(room, 2, 4, 10))).toEqual([2, 3, 4]);
    expect(await seqs(rooms.range(room, 2, undefined, 2))).toEqual([2, 3]);
    expect(await seqs(rooms.range(room, 6, undefined, 2))).toEqual([]);
    expect(await seqs(rooms.newest(room, undefined, 2))).toEqual([4, 5]);
    expect(await seqs(rooms.newest(room, 4, 2))).toEqual([2, 3]);
    expect(await seqs(rooms.newest(room, 1, 2))).toEqual([]);
    expect(await seqs(rooms.newest(43, undefined, 2))).toEqual([]);
  });
});

describe('restoreHead', () => {
  it('of two at once creates one line, and both learn it', async () => {
    const { keys, rooms } = await store({ head: false });
    const second = new RoomStore(connect((await sharedRedis()).url).main, keys, testLimits);
    const results = await Promise.all([
      rooms.restoreHead(room, { ...START, epoch: 'x', floor: 10 }),
      second.restoreHead(room, { ...START, epoch: 'y', floor: 20 }),
    ]);
    const [first, other] = results as { seq: number; epoch: string; created: boolean }[];
    expect([first?.created, other?.created].sort()).toEqual([false, true]);
    expect(first).toMatchObject({ seq: other?.seq, epoch: other?.epoch });
    const floor = first?.seq ?? 0;
    expect(await rooms.accept(send(1))).toMatchObject({ kind: 'ok', seq: floor + 1 });
  });

  // A stray entry with a number far above the head's let the log be trimmed of what was not archived.
  it('never counts as archived what was not issued', async () => {
    const { rooms } = await store();
    await rooms.accept(send(1));
    await rooms.markArchived(room, 9_000_000_000);
    expect(await rooms.watermarks(room)).toEqual({ seq: 1, archived: 1 });
  });

  it('creates nothing by raising a watermark', async () => {
    const { main, keys, rooms } = await store({ head: false });
    await rooms.raiseCeiling(room, 10);
    await rooms.markArchived(room, 10);
    expect(await main.exists(keys.roomHead(room))).toBe(0);
    expect(await rooms.head(room)).toBeUndefined();
    expect(await rooms.accept(send(1))).toEqual({ kind: 'no-head' });
  });
});
