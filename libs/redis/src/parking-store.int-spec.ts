import { sharedRedis, uniquePrefix } from '@parley/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { ParkingStore } from './parking-store.js';
import { RoomStore } from './room-store.js';
import { connect, proveAll, send, siblingOf, testKeys, testLimits } from './store.fixture.js';

afterAll(async () => (await sharedRedis()).stop());

const room = 42;
const ONE_DAY_MS = 86_400_000;
const ready = (seq: number, over: object = {}) => ({
  kind: 'ready',
  position: { seq, epoch: 'e1', floor: 0, generation: '', ...over },
});
const busy = { kind: 'busy' };

/** A room whose one message is archived, and delivered to the two groups that read the stream. */
async function world({ messages = 1, floor = 0 } = {}) {
  const connections = connect((await sharedRedis()).url);
  const { main } = connections;
  const keys = testKeys(uniquePrefix('parking'));
  const shard = keys.shardOf(room);
  const lines = await proveAll(connections, keys);
  const rooms = new RoomStore(main, keys, testLimits);
  const parking = new ParkingStore(main, keys);
  const stream = keys.dispatch(shard);
  await rooms.restoreHead(room, { epoch: 'e1', floor, ceiling: 1_000, archived: floor });
  for (const group of ['task', 'archive']) await main.xgroup('CREATE', stream, group, '0', 'MKSTREAM');
  const accept = async (n: number) => {
    const outcome = await rooms.accept(send(`c${n}`, { roomId: room }));
    return outcome.kind === 'ok' ? outcome.line.streamId : outcome.kind;
  };
  const read = (group: string, count = 100) =>
    main.xreadgroup('GROUP', group, 'c', 'COUNT', count, 'STREAMS', stream, '>');
  const ack = (group: string, ...ids: string[]) => main.xack(stream, group, ...ids);
  const ids: string[] = [];
  for (let n = 1; n <= messages; n++) ids.push(await accept(n));
  for (const group of ['task', 'archive']) {
    await read(group);
    if (ids.length > 0) await ack(group, ...ids);
  }
  await rooms.markArchived(room, floor + messages);
  /** As if it had come back long ago. */
  const age = () => main.hset(keys.roomHead(room), 'since', 0);
  await age();
  const unload = (told?: { epoch: string; seq: number }, idleMs = 0) => parking.unload(room, idleMs, told);
  const there = async () => [await main.exists(keys.roomHead(room)), await main.exists(keys.roomLog(room))];
  return { connections, main, keys, shard, stream, lines, rooms, unload, age, accept, read, ack, ids, there };
}

describe('a room that nobody uses', () => {
  it('is ready at the second look, and leaves when SQL has been told just that position', async () => {
    const { unload, there } = await world({ floor: 4 });
    expect(await unload()).toEqual(busy);
    const position = ready(5, { floor: 4 });
    expect(await unload()).toEqual(position);
    expect(await unload({ epoch: 'e1', seq: 4 })).toEqual(position);
    expect(await unload({ epoch: 'e0', seq: 5 })).toEqual(position);
    expect(await there()).toEqual([1, 1]);
    expect(await unload({ epoch: 'e1', seq: 5 })).toEqual({ kind: 'gone' });
    expect(await there()).toEqual([0, 0]);
    expect(await unload()).toEqual({ kind: 'none' });
  });

  it('leaves when it never had a message, also when its shard has no stream', async () => {
    const { main, unload, stream } = await world({ messages: 0 });
    await main.del(stream);
    expect(await unload()).toEqual(busy);
    expect(await unload()).toEqual(ready(0));
    expect(await unload({ epoch: 'e1', seq: 0 })).toEqual({ kind: 'gone' });
  });

  it('names the generation it is of', async () => {
    const { unload, age, lines, rooms, shard } = await world();
    const survey = (await lines.survey())[shard];
    await lines.begin(survey!, '3.x');
    await rooms.restoreHead(room, { epoch: 'e3', floor: 1, ceiling: 9, archived: 1 });
    await age();
    await unload();
    expect(await unload()).toEqual(ready(1, { epoch: 'e3', floor: 1, generation: '3.x' }));
  });
});

describe('a room stays', () => {
  it('while it has members on any instance', async () => {
    const { main, keys, unload } = await world();
    await unload();
    await main.hset(keys.roomInstances(room), 'gw-1', 1);
    expect(await unload({ epoch: 'e1', seq: 1 })).toEqual(busy);
  });

  it('while not all of it is in SQL', async () => {
    const { main, keys, unload } = await world();
    await unload();
    await main.hset(keys.roomHead(room), 'archived', 0);
    expect(await unload({ epoch: 'e1', seq: 1 })).toEqual(busy);
    await main.hdel(keys.roomHead(room), 'archived');
    expect(await unload({ epoch: 'e1', seq: 1 })).toEqual(busy);
  });

  it('for as long as it is told after it came back', async () => {
    const { main, keys, unload, rooms } = await world();
    await unload();
    const since = (await rooms.nowMs()) - 60_000;
    await main.hset(keys.roomHead(room), 'since', since);
    expect(await unload(undefined, ONE_DAY_MS)).toEqual(busy);
    expect(await unload(undefined, 60_000)).toEqual(ready(1));
  });

  it('on a server that may have less than it had, and in an ended generation', async () => {
    const { main, keys, unload, shard } = await world();
    await unload();
    const told = { epoch: 'e1', seq: 1 };
    const replid = await main.hget(keys.line(shard), 'replid');
    await main.hset(keys.line(shard), 'replid', 'f'.repeat(40));
    expect(await unload(told)).toEqual(busy);
    await main.hdel(keys.line(shard), 'replid');
    expect(await unload(told)).toEqual(busy);
    await main.hset(keys.line(shard), 'replid', replid!, 'generation', '1.a');
    expect(await unload(told)).toEqual(busy);
    await main.hdel(keys.line(shard), 'generation');
    expect(await unload(told)).toEqual({ kind: 'gone' });
  });

  it('when a message came after SQL was told, and for one look more', async () => {
    const { unload, accept, rooms, read, ack } = await world();
    await unload();
    expect(await unload()).toEqual(ready(1));
    const id = await accept(2);
    for (const group of ['task', 'archive']) {
      await read(group);
      await ack(group, id);
    }
    await rooms.markArchived(room, 2);
    expect(await unload({ epoch: 'e1', seq: 1 })).toEqual(busy);
    expect(await unload({ epoch: 'e1', seq: 1 })).toEqual(ready(2));
  });
});

describe('a room whose messages a group has not got yet stays', () => {
  // Its first look is made before the group read anything: whatever is up to there may be the room's.
  async function unread() {
    const all = await world({ messages: 0 });
    const ids = [await all.accept(1), await all.accept(2)] as const;
    await all.rooms.markArchived(room, 2);
    await all.read('archive');
    await all.ack('archive', ...ids);
    expect(await all.unload()).toEqual(busy);
    return { ...all, ids };
  }

  it('while the slowest has not read all of them', async () => {
    const { unload, read, ack, ids } = await unread();
    expect(await unload()).toEqual(busy);
    await read('task', 1);
    await ack('task', ids[0]);
    expect(await unload()).toEqual(busy);
    await read('task');
    await ack('task', ids[1]);
    expect(await unload()).toEqual(ready(2));
  });

  it('while the last of them is read and not acknowledged, whatever else is', async () => {
    const { unload, read, ack, ids, rooms, main, keys, stream } = await unread();
    await read('task');
    await ack('task', ids[0]);
    expect(await unload()).toEqual(busy);
    // Another room's, later: read, and not acknowledged.
    const sibling = siblingOf(room, keys);
    await rooms.restoreHead(sibling, { epoch: 'e9', floor: 0, ceiling: 9, archived: 0 });
    expect(await rooms.accept(send('other', { roomId: sibling }))).toMatchObject({ kind: 'ok' });
    await read('task');
    expect(await unload()).toEqual(busy);
    await ack('task', ids[1]);
    expect((await main.xpending(stream, 'task'))[0]).toBe(1);
    expect(await unload()).toEqual(ready(2));
  });

  it('by its number too: ids of one millisecond, and of more than one digit', async () => {
    const { main, keys, unload, stream } = await unread();
    await main.del(stream);
    for (const id of ['7-9', '7-10']) await main.xadd(stream, id, 'r', room);
    await main.xgroup('CREATE', stream, 'task', '0');
    await main.hset(keys.roomHead(room), 'idle', '2|7-10');
    await main.xreadgroup('GROUP', 'task', 'c', 'COUNT', 1, 'STREAMS', stream, '>');
    await main.xack(stream, 'task', '7-9');
    expect(await unload()).toEqual(busy);
    await main.xreadgroup('GROUP', 'task', 'c', 'COUNT', 1, 'STREAMS', stream, '>');
    expect(await unload()).toEqual(busy);
    await main.xack(stream, 'task', '7-10');
    expect(await unload()).toEqual(ready(2));
    // The group is beyond what the room had, by the number and by the millisecond.
    for (const idle of ['7-9', '6-99']) {
      await main.hset(keys.roomHead(room), 'idle', `2|${idle}`);
      expect(await unload()).toEqual(ready(2));
    }
    await main.hset(keys.roomHead(room), 'idle', '2|8-0');
    expect(await unload()).toEqual(busy);
  });
});
