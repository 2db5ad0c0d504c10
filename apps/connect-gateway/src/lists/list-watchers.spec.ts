import { Op } from '@parley/protocol';
import type { EventBus } from '@parley/redis';
import { expect, it } from 'vitest';
import type { ConnectionIndex } from '../connections/connection-index.js';
import type { Connection } from '../connections/connection.js';
import { FakeConnection } from '../testing/fake-connection.js';
import { settle } from '../testing/local-room.fixture.js';
import { stub } from '../testing/stub.js';
import { ListWatchers } from './list-watchers.js';

async function setUp(users: number[] = [1, 1, 2]) {
  let encoded = 0;
  const all = users.map((user) => new FakeConnection(user, 'ws', () => encoded++));
  const listeners = new Map<string, (event: object) => void>();
  const resubscribed: (() => unknown)[] = [];
  const stored = { version: 7 };
  const watchers = new ListWatchers(
    { instanceId: 'gw', maxOutboundBytes: 1_000 },
    stub<ConnectionIndex>('ConnectionIndex', {
      all: () => new Set<Connection>(all),
      ofUser: (userId) => new Set<Connection>(all.filter(({ identity }) => identity?.userId === userId)),
    }),
    { version: async () => stored.version },
    stub<EventBus>('EventBus', {
      subscribe: async (kind, _schema, onEvent, onSubscribed = () => undefined) => {
        listeners.set(kind, onEvent as (event: object) => void);
        resubscribed.push(onSubscribed);
        await onSubscribed();
      },
    }),
  );
  await watchers.onModuleInit();
  const rooms = (version: number) =>
    listeners.get('directory')?.({ op: Op.rooms, version, rooms: [], removed: [] });
  const reads = (...reads: object[]) => listeners.get('read')?.({ reads });
  const lost = async () => {
    for (const again of resubscribed) await again();
    await settle();
  };
  return { watchers, all, rooms, reads, lost, stored, encodings: () => encoded };
}

it('tells those who have asked, and nobody else, in a frame that is made once', async () => {
  const { watchers, all, rooms, encodings } = await setUp();
  watchers.watch(all[0]!, 4);
  watchers.watch(all[2]!);
  rooms(8);
  await settle();
  expect(all.map(({ frames }) => frames)).toEqual([
    [
      { op: Op.watch, version: 7, ref: 4 },
      { op: Op.rooms, version: 8, rooms: [], removed: [] },
    ],
    [],
    [
      { op: Op.watch, version: 7 },
      { op: Op.rooms, version: 8, rooms: [], removed: [] },
    ],
  ]);
  // One buffer for each connection's `encode`, which keeps it; the text is made once.
  expect(encodings()).toBe(2);
});

it('tells of changes in their order, to however many watch', async () => {
  const { watchers, all, rooms } = await setUp(Array.from({ length: 600 }, (_, i) => i + 1));
  for (const connection of all) watchers.watch(connection);
  for (let version = 8; version <= 12; version++) rooms(version);
  await expect.poll(() => all.at(-1)?.frames.length).toBe(6);
  for (const { frames } of all)
    expect(frames.map((frame) => (frame as unknown as { version: number }).version)).toEqual([
      7, 8, 9, 10, 11, 12,
    ]);
});

it('lets a full socket do without, and tells it the version when it has drained', async () => {
  const { watchers, all, rooms } = await setUp([1]);
  const [slow] = all as [FakeConnection];
  watchers.watch(slow);
  Object.assign(slow, { whenTaken: () => new Promise<void>((done) => slow.whenDrained(done)) });
  slow.bufferedBytes = 2_000;
  rooms(8);
  rooms(9);
  await settle();
  expect(slow.frames).toHaveLength(1);
  slow.drain();
  await settle();
  expect(slow.frames).toMatchObject([{ version: 7 }, { op: Op.watch, version: 9 }]);
});

it('tells the version after hints may have been lost', async () => {
  const { watchers, all, lost, stored } = await setUp([1, 2]);
  watchers.watch(all[0]!);
  stored.version = 9;
  await lost();
  expect(all[0]?.frames).toMatchObject([{ version: 7 }, { op: Op.watch, version: 9 }]);
  expect(all[1]?.frames).toEqual([]);
});

it("tells a user's other connections what he has read, but not the one that said so", async () => {
  const { watchers, all, reads } = await setUp([1, 1, 1, 2]);
  for (const connection of [all[0], all[1], all[3]]) watchers.watch(connection!);
  for (const { writes } of all) writes.length = 0;
  const state = { roomId: 7, seq: 5, head: 6, unread: 1 };
  reads({ userId: 1, ...state, by: watchers.nameOf(all[0]!) });
  expect(all.map(({ frames }) => frames)).toEqual([[], [{ op: Op.read, ...state }], [], []]);
});
