import { Op } from '@parley/protocol';
import type { EventBus, PresenceStore } from '@parley/redis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ConnectionIndex } from '../connections/connection-index.js';
import { FakeConnection } from '../testing/fake-connection.js';
import { stub } from '../testing/stub.js';
import type { LocalRoom } from './local-room.js';
import { PresenceAnnouncer, TOLD_PER_INTERVAL } from './presence-announcer.js';
import type { DirectoryEntry, RoomDirectory } from './room-directory.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Room 7 of this gateway, and what is said of it here and to the others. */
async function setUp(names: readonly string[] = ['ann', 'bob']) {
  const redis = { isAway: false, count: names.length, reads: 0, answered: Promise.resolve() };
  const told: { kind: string; frame: Record<string, unknown> }[] = [];
  const published: unknown[] = [];
  const connection = new FakeConnection(1);
  let changed: (roomId: number) => void = () => undefined;
  let onEvent: (event: unknown) => void = () => undefined;
  let resubscribed: () => void = () => undefined;
  const rooms = new Map([
    [
      7,
      stub<LocalRoom>('LocalRoom', {
        roomId: 7,
        kind: 'room',
        members: new Map([[connection, {}]]) as unknown as LocalRoom['members'],
        announce: (kind, text) => void told.push({ kind, frame: JSON.parse(text) as never }),
      }),
    ],
  ]);
  const announcer = new PresenceAnnouncer(
    { maxOutboundBytes: 1_000 },
    stub<RoomDirectory>('RoomDirectory', {
      get: (roomId) => rooms.get(roomId),
      all: () =>
        new Map([...rooms].map(([roomId, room]) => [roomId, { kind: room.kind, room } as DirectoryEntry])),
      onMembersChanged: (listener) => void (changed = listener),
    }),
    stub<ConnectionIndex>('ConnectionIndex', {
      ofUser: (userId) => new Set(userId === 1 ? [connection] : []),
    }),
    stub<PresenceStore>('PresenceStore', {
      list: async (_roomId, limit, unlessAbove = Infinity) => {
        redis.reads++;
        await redis.answered;
        if (redis.isAway) throw new Error('away');
        const members = redis.count > unlessAbove ? [] : names.slice(0, limit);
        return { count: redis.count, members: members.map((userName, i) => ({ userId: i + 1, userName })) };
      },
    }),
    stub<EventBus>('EventBus', {
      publish: async (kind, event) => {
        published.push([kind, event]);
        await Promise.resolve();
        if (redis.isAway) throw new Error('away');
      },
      subscribe: async (_kind, _schema, listener, onSubscribed) => {
        onEvent = listener as typeof onEvent;
        resubscribed = onSubscribed as typeof resubscribed;
      },
    }),
  );
  await announcer.onModuleInit();
  return {
    announcer,
    redis,
    told,
    published,
    connection,
    rooms,
    change: (roomId = 7) => changed(roomId),
    resubscribed: () => resubscribed(),
    event: (event: object) => onEvent({ roomId: 7, ...event }),
    pass: (ms: number) => vi.advanceTimersByTimeAsync(ms),
  };
}

describe('a change of who is in a room here', () => {
  it('is said to every gateway at once, then at most once a second, the last one too', async () => {
    const { change, published, pass } = await setUp();
    for (let i = 0; i < 5; i++) change();
    await pass(0);
    expect(published).toEqual([['presence', { roomId: 7 }]]);
    await pass(999);
    expect(published).toHaveLength(1);
    await pass(1);
    expect(published).toHaveLength(2);
    await pass(10_000);
    expect(published).toHaveLength(2);
  });

  // Others went on seeing who had left, until somebody else came or went.
  it('is said again, once a second, until Redis has taken it', async () => {
    const { change, published, redis, pass } = await setUp();
    redis.isAway = true;
    change();
    await pass(2_999);
    expect(published).toHaveLength(3);
    redis.isAway = false;
    await pass(10_000);
    expect(published).toEqual(Array(4).fill(['presence', { roomId: 7 }]));
  });

  it('is not said again by a gateway that has stopped', async () => {
    const { announcer, change, published, redis, pass } = await setUp();
    redis.isAway = true;
    change();
    announcer.onApplicationShutdown();
    await pass(10_000);
    expect(published).toHaveLength(1);
  });
});

describe('what is heard of a room', () => {
  it('is read and told to its members here, at most once a second', async () => {
    const { event, told, redis, pass } = await setUp();
    for (let i = 0; i < 5; i++) event({});
    await pass(0);
    expect(told).toEqual([
      { kind: 'change', frame: { op: Op.info, roomId: 7, count: 2, roomUserInfo: { 1: 'ann', 2: 'bob' } } },
    ]);
    await pass(1_000);
    expect([told.length, redis.reads]).toEqual([2, 2]);
  });

  // Of five thousand who came in four seconds each was told four times how many they were.
  it.each([
    { members: TOLD_PER_INTERVAL, everyMs: 1_000 },
    { members: 2 * TOLD_PER_INTERVAL, everyMs: 2_000 },
    { members: 100 * TOLD_PER_INTERVAL, everyMs: 3_000 },
  ])('is told to $members members every $everyMs ms', async ({ members, everyMs }) => {
    const { event, told, rooms, redis, pass } = await setUp();
    const { announce } = rooms.get(7) as LocalRoom;
    const crowd = { size: members } as LocalRoom['members'];
    rooms.set(7, stub<LocalRoom>('LocalRoom', { roomId: 7, members: crowd, announce }));
    redis.count = members;
    for (let i = 0; i < 2; i++) event({});
    await pass(everyMs - 1);
    expect(told).toMatchObject([{ frame: { op: Op.count, count: members } }]);
    await pass(1);
    expect(told).toHaveLength(2);
  });

  // Ten thousand who came into a thousand rooms were told of each other as often as rooms had somebody new: a fifth of the work.
  it.each([
    { count: 1, everyMs: 1_000 },
    { count: 1_000, everyMs: 3_000 },
  ])('is told every $everyMs ms of each of $count rooms in which somebody comes all the time', async (of) => {
    const { event, rooms, pass } = await setUp();
    const toldAt: number[] = [];
    const members = { size: 10 } as LocalRoom['members'];
    const ids = Array.from({ length: of.count }, (_, i) => 100 + i);
    for (const roomId of ids) {
      const announce = () => void (roomId === ids.at(-1) && toldAt.push(performance.now()));
      rooms.set(roomId, stub<LocalRoom>('LocalRoom', { roomId, members, announce }));
    }
    for (let ms = 0; ms < 20_000; ms += 250) {
      for (const roomId of ids) event({ roomId });
      await pass(250);
    }
    const gaps = toldAt.slice(1).map((at, i) => at - (toldAt[i] ?? 0));
    expect(new Set(gaps)).toEqual(new Set([of.everyMs]));
    // It is over, and the last of it told: back to once a second.
    await pass(10_000);
    toldAt.length = 0;
    for (let i = 0; i < 2; i++) event({ roomId: ids.at(-1) });
    await pass(1_000);
    expect(toldAt).toHaveLength(2);
  });

  it('is nobody’s here when the room is not, or is no more', async () => {
    const { event, told, redis, rooms, pass } = await setUp();
    event({ roomId: 8 });
    event({});
    rooms.clear();
    await pass(5_000);
    expect(told.length).toBeLessThanOrEqual(1);
    const { reads } = redis;
    event({});
    await pass(5_000);
    expect(redis.reads).toBe(reads);
  });

  // A member saw a number that was wrong until the next change.
  it('is told as soon as it can be read', async () => {
    const { event, told, redis, pass } = await setUp();
    redis.isAway = true;
    event({});
    await pass(2_999);
    expect([told, redis.reads]).toEqual([[], 3]);
    redis.isAway = false;
    await pass(10_000);
    expect([told.length, redis.reads]).toEqual([1, 4]);
  });

  it('is not tried again for a room that nobody is in any more', async () => {
    const { event, redis, rooms, pass } = await setUp();
    redis.isAway = true;
    event({});
    await pass(0);
    rooms.clear();
    await pass(10_000);
    expect([redis.reads, vi.getTimerCount()]).toEqual([1, 0]);
  });

  it('is told again when something may have been missed, of every room here and of no conversation', async () => {
    const { resubscribed, told, rooms, pass } = await setUp();
    const room = rooms.get(7) as LocalRoom;
    const conversation = stub<LocalRoom>('LocalRoom', { roomId: 8, kind: 'direct' });
    rooms.set(8, conversation);
    rooms.set(9, stub<LocalRoom>('LocalRoom', { ...room, roomId: 9 }));
    resubscribed();
    await pass(0);
    expect(told.map(({ frame }) => frame['roomId'])).toEqual([7, 9]);
  });

  it.each([
    { force: 'count', frame: { op: Op.count, roomId: 7, count: 2 } },
    { force: 'info', frame: { op: Op.info, roomId: 7, count: 2, roomUserInfo: { 1: 'ann', 2: 'bob' } } },
  ])('because somebody asked for $force is told to all, five times a second', async ({ force, frame }) => {
    const { event, told, pass } = await setUp();
    event({ force });
    event({ force });
    await pass(199);
    expect(told).toEqual([{ kind: force, frame }]);
    await pass(1);
    expect(told).toHaveLength(2);
  });

  it('because somebody asked is told to nobody in a large room', async () => {
    const { event, told, redis, pass } = await setUp();
    redis.count = 201;
    event({ force: 'count' });
    event({ force: 'info' });
    await pass(1_000);
    expect(told).toEqual([]);
  });
});

describe('who asks over HTTP', () => {
  it('is answered on those of his connections that are in the room, and open', async () => {
    const { event, redis, connection, rooms, pass } = await setUp();
    redis.count = 201;
    event({ force: 'count', userId: 1 });
    event({ force: 'count', userId: 2 });
    await pass(0);
    expect(connection.frames).toEqual([{ op: Op.count, roomId: 7, count: 201 }]);
    connection.close(4000 as never, 'GOING_AWAY');
    event({ force: 'count', userId: 1 });
    await pass(1_000);
    expect(connection.frames).toHaveLength(1);
    const elsewhere = await setUp();
    elsewhere.redis.count = 201;
    (rooms.get(7)?.members as Map<unknown, unknown>).clear();
    (elsewhere.rooms.get(7)?.members as Map<unknown, unknown>).clear();
    elsewhere.event({ force: 'count', userId: 1 });
    await elsewhere.pass(0);
    expect(elsewhere.connection.frames).toEqual([]);
  });

  it('is not answered when Redis is away', async () => {
    const { event, redis, connection, pass } = await setUp();
    redis.count = 201;
    redis.isAway = true;
    event({ force: 'info', userId: 1 });
    await pass(1_000);
    expect(connection.frames).toEqual([]);
  });
});

describe('a member who asks', () => {
  it('hears that it could not be read; the next one has it read again', async () => {
    const { announcer, redis, connection, rooms } = await setUp();
    redis.count = 201;
    redis.isAway = true;
    const room = rooms.get(7)!;
    await expect(announcer.ask(connection, room, 'info')).rejects.toThrow('away');
    redis.isAway = false;
    await announcer.ask(connection, room, 'info');
    expect(connection.frames).toMatchObject([{ op: Op.info, count: 201 }]);
  });

  it('is answered from what was read last, although an earlier read that was slow fails then', async () => {
    const { announcer, redis, connection, rooms, pass } = await setUp();
    redis.count = 201;
    const room = rooms.get(7)!;
    let fail: (error: Error) => void = () => undefined;
    redis.answered = new Promise((_, reject) => (fail = reject));
    const slow = announcer.ask(connection, room, 'count');
    await pass(1_000);
    redis.answered = Promise.resolve();
    await announcer.ask(connection, room, 'count');
    fail(new Error('too late'));
    await expect(slow).rejects.toThrow('too late');
    const { reads } = redis;
    await announcer.ask(connection, room, 'count');
    expect([redis.reads, reads]).toEqual([2, 2]);
  });

  it('has every gateway of a small room tell its members, at most five times a second', async () => {
    const { announcer, connection, rooms, published, pass } = await setUp();
    for (let i = 0; i < 3; i++) await announcer.ask(connection, rooms.get(7)!, 'count');
    expect(published).toEqual([['presence', { roomId: 7, force: 'count' }]]);
    await pass(200);
    expect(published).toHaveLength(2);
  });

  it('is told fewer names than there are, where a frame would not hold them', async () => {
    const names = Array.from({ length: 1_000 }, (_, i) => `${'n'.repeat(60)}${i}`);
    const { announcer, connection, rooms } = await setUp(names);
    await announcer.ask(connection, rooms.get(7)!, 'info');
    const [frame] = connection.frames as unknown as { count: number; roomUserInfo: Record<string, string> }[];
    expect(frame?.count).toBe(1_000);
    const told = Object.keys(frame?.roomUserInfo ?? {}).length;
    expect(told).toBeGreaterThan(50);
    expect(told).toBeLessThan(1_000);
    // Each character may be four bytes.
    expect(4 * (connection.writes[0]?.length ?? 0)).toBeLessThan(2 * 32_767);
    expect(connection.writes[0]?.length).toBeLessThan(32_767);
  });
});
