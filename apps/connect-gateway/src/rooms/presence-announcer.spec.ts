import { Op } from '@parley/protocol';
import type { EventBus, PresenceStore } from '@parley/redis';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { ConnectionIndex } from '../connections/connection-index.js';
import { FakeConnection } from '../testing/fake-connection.js';
import { stub } from '../testing/stub.js';
import type { LocalRoom } from './local-room.js';
import { ANSWER_FOR_MS, MAX_ANNOUNCED_LIST, PresenceAnnouncer } from './presence-announcer.js';
import type { RoomDirectory } from './room-directory.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A room of so many members, two of them on connections here, and the only gateway there is. */
async function setUp(count: number) {
  const [ann, bob] = [new FakeConnection(1), new FakeConnection(2)];
  const announced: string[] = [];
  const reads: number[] = [];
  const room = stub<LocalRoom>('LocalRoom', {
    roomId: 7,
    members: new Map([ann, bob].map((connection) => [connection, {}])) as unknown as LocalRoom['members'],
    announce: (kind, text) => void announced.push(`${kind} ${(JSON.parse(text) as { op: number }).op}`),
  });
  let onEvent: (event: unknown) => void = () => undefined;
  const announcer = new PresenceAnnouncer(
    { maxOutboundBytes: 1_000 },
    stub<RoomDirectory>('RoomDirectory', {
      get: (roomId) => (roomId === 7 ? room : undefined),
      onMembersChanged: () => undefined,
    }),
    stub<ConnectionIndex>('ConnectionIndex', {
      ofUser: (userId) => new Set([ann, bob].filter(({ identity }) => identity?.userId === userId)),
    }),
    stub<PresenceStore>('PresenceStore', {
      list: async (_roomId, limit, unlessAbove = Infinity) => {
        const listed = count > unlessAbove ? 0 : Math.min(limit, count);
        reads.push(listed);
        return {
          count,
          members: Array.from({ length: listed }, (_, i) => ({ userId: i + 1, userName: 'u' })),
        };
      },
    }),
    stub<EventBus>('EventBus', {
      publish: async (_kind, event) => onEvent(event),
      subscribe: async (_kind, _schema, listener) => void (onEvent = listener as typeof onEvent),
    }),
  );
  await announcer.onModuleInit();
  const settle = () => vi.advanceTimersByTimeAsync(1);
  const event = async (more: object) => {
    onEvent({ roomId: 7, ...more });
    await settle();
  };
  return { announcer, room, ann, bob, announced, reads, event, settle };
}

it.each([
  { what: 'count', kind: 'count 4' },
  { what: 'info', kind: 'info 5' },
] as const)('tells everybody in a room of 200 who asks for $what, once in 200 ms', async ({ what, kind }) => {
  const { announcer, room, ann, announced, settle } = await setUp(MAX_ANNOUNCED_LIST);
  await Promise.all([announcer.ask(ann, room, what), announcer.ask(ann, room, what)]);
  await settle();
  expect(announced).toEqual([kind]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(announced).toEqual([kind, kind]);
  expect(ann.frames).toEqual([]);
});

// One member's question was a list read from Redis, and thirty kilobytes for each of ten thousand members.
it.each([
  { what: 'count', op: Op.count, lists: 0 },
  { what: 'info', op: Op.info, lists: 1 },
] as const)(
  'answers $what to the asker alone in a room of 201, read once a second for all',
  async ({ what, op, lists }) => {
    const { announcer, room, ann, bob, announced, reads } = await setUp(MAX_ANNOUNCED_LIST + 1);
    for (let i = 0; i < 20; i++)
      await Promise.all([announcer.ask(ann, room, what), announcer.ask(bob, room, what)]);
    expect([ann.frames.length, bob.frames.length, announced]).toEqual([20, 20, []]);
    expect(ann.frames[0]).toMatchObject({ op, roomId: 7, count: 201 });
    expect(reads.filter((listed) => listed > 0)).toHaveLength(lists);
    expect(reads).toHaveLength(1 + lists);
    await vi.advanceTimersByTimeAsync(ANSWER_FOR_MS);
    await announcer.ask(ann, room, what);
    expect(reads).toHaveLength(2 + 2 * lists);
    // A full socket does without.
    ann.bufferedBytes = 1_001;
    await announcer.ask(ann, room, what);
    expect(ann.frames).toHaveLength(21);
  },
);

it('answers who asks over HTTP on the connections of that user', async () => {
  const { ann, bob, announced, event } = await setUp(MAX_ANNOUNCED_LIST + 1);
  await event({ force: 'info', userId: 2 });
  expect([ann.frames.length, bob.frames.length, announced]).toEqual([0, 1, []]);
  const small = await setUp(MAX_ANNOUNCED_LIST);
  await small.event({ force: 'info', userId: 2 });
  expect(small.announced).toEqual(['info 5']);
});

it('reads no names for a count, however few there are', async () => {
  const { announced, reads, event } = await setUp(5);
  await event({ force: 'count' });
  expect([announced, reads]).toEqual([['count 4'], [0]]);
});

it('reads nobody of a room of 201 that has changed', async () => {
  const { announced, reads, event } = await setUp(MAX_ANNOUNCED_LIST + 1);
  await event({});
  expect([announced, reads]).toEqual([['change 4'], [0]]);
  const small = await setUp(MAX_ANNOUNCED_LIST);
  await small.event({});
  expect([small.announced, small.reads]).toEqual([['change 5'], [200]]);
});
