import { limits, Op, type WaitingState } from '@parley/protocol';
import type { EventBus } from '@parley/redis';
import type { RpcClient } from '@parley/rpc';
import { eventually } from '@parley/testing';
import { expect, it } from 'vitest';
import type { ConnectionIndex } from '../connections/connection-index.js';
import type { Connection } from '../connections/connection.js';
import { RoomActs } from '../rooms/room-acts.js';
import type { LocalRoom } from '../rooms/local-room.js';
import type { RoomDirectory } from '../rooms/room-directory.js';
import { FakeConnection } from '../testing/fake-connection.js';
import { settle } from '../testing/local-room.fixture.js';
import { stub } from '../testing/stub.js';
import { LobbyWatchers, waitRate } from './lobby-watchers.js';

async function setUp(users: number[]) {
  const all = users.map((user) => new FakeConnection(user, 'ws'));
  const states = new Map<number, WaitingState['state']>(users.map((user) => [user, 'waiting']));
  const asked: number[][] = [];
  /** What is done before an answer comes; may fail. */
  const meanwhile = { do: async (): Promise<void> => undefined };
  const kinds: unknown[] = [];
  let hear: (event: object) => void = () => undefined;
  const room = stub<LocalRoom>('LocalRoom', {
    members: new Map(all.map((connection) => [connection, undefined as never])),
    acts: new RoomActs(new Map([['r1', 'owner']])),
  });
  const watchers = new LobbyWatchers(
    stub<ConnectionIndex>('ConnectionIndex', { all: () => new Set<Connection>(all) }),
    stub<RoomDirectory>('RoomDirectory', { get: (roomId) => (roomId === 7 ? room : undefined) }),
    stub<RpcClient>('RpcClient', {
      call: (async (_: unknown, { userIds }: { userIds: number[] }) => {
        asked.push(userIds);
        await meanwhile.do();
        return {
          states: userIds.map((id) => (states.has(id) ? { roomId: 7, state: states.get(id) } : null)),
        };
      }) as never,
    }),
    stub<EventBus>('EventBus', {
      subscribe: async (kind, _schema, onEvent) => {
        kinds.push(kind);
        hear = onEvent as (event: object) => void;
      },
    }),
  );
  await watchers.onModuleInit();
  const told = async (event: { waiting: number; isDecided: boolean }, roomId = 7) => {
    hear({ roomId, ...event });
    await settle();
  };
  return { watchers, all, states, asked, told, meanwhile, kinds };
}

it('tells who waits, on every connection of his, once it is decided, and then no more', async () => {
  const { watchers, all, states, asked, told } = await setUp([2, 2, 3, 4]);
  for (const connection of all.slice(0, 3))
    expect(await watchers.wait(connection, connection.identity!.userId, 7)).toMatchObject({
      state: 'waiting',
    });
  states.set(2, 'admitted');
  asked.length = 0;
  await told({ waiting: 1, isDecided: true });
  expect(asked).toEqual([[2, 3]]);
  const frame = (state: string) => ({ op: Op.wait, roomId: 7, state });
  expect(all.map(({ frames }) => frames)).toEqual([
    [frame('admitted')],
    [frame('admitted')],
    [frame('waiting')],
    [],
  ]);
  await told({ waiting: 1, isDecided: true });
  expect(all[0]?.frames).toHaveLength(1);
  // Who comes is nothing to those who wait.
  await told({ waiting: 2, isDecided: false });
  expect(asked).toHaveLength(2);
});

it('tells hosts who are in the room how many wait, and nobody else', async () => {
  const { all, told } = await setUp([1, 2, 1]);
  all[0]!.speaksParley = true;
  all[1]!.speaksParley = true;
  await told({ waiting: 3, isDecided: false });
  await told({ waiting: 3, isDecided: false }, 8);
  expect(all.map(({ frames }) => frames)).toEqual([[{ op: Op.lobby, roomId: 7, waiting: 3 }], [], []]);
});

it('listens to what is said of lobbies', async () => {
  expect((await setUp([])).kinds).toEqual(['lobby']);
});

it('asks about many in parts', async () => {
  const users = Array.from({ length: limits.maxWaitingPage + 1 }, (_, i) => i + 2);
  const { watchers, all, asked, told } = await setUp(users);
  for (const connection of all) await watchers.wait(connection, connection.identity!.userId, 7);
  asked.length = 0;
  await told({ waiting: 1, isDecided: true });
  await eventually(() => expect(all.every(({ frames }) => frames.length === 1)).toBe(true));
  expect(asked.map((some) => some.length)).toEqual([limits.maxWaitingPage, 1]);
});

it('asks about nobody where nobody waits', async () => {
  const { asked, told } = await setUp([2, 3]);
  await told({ waiting: 1, isDecided: true });
  expect(asked).toEqual([]);
});

it('tells nobody what could not be asked, and tells him the next time', async () => {
  const { watchers, all, states, told, meanwhile } = await setUp([2]);
  await watchers.wait(all[0]!, 2, 7);
  meanwhile.do = () => Promise.reject(new Error('away'));
  await told({ waiting: 1, isDecided: true });
  expect(all[0]?.frames).toEqual([]);
  meanwhile.do = async () => undefined;
  states.set(2, 'denied');
  await told({ waiting: 0, isDecided: true });
  expect(all[0]?.frames).toEqual([{ op: Op.wait, roomId: 7, state: 'denied' }]);
});

it('tells nobody who has gone to another door meanwhile, and nobody who does not wait any more', async () => {
  const { watchers, all, states, told, meanwhile } = await setUp([2, 3]);
  for (const connection of all) await watchers.wait(connection, connection.identity!.userId, 7);
  states.delete(3);
  meanwhile.do = async () => void (all[0]!.waitsFor = 8);
  await told({ waiting: 1, isDecided: true });
  expect(all.map(({ frames }) => frames)).toEqual([[], []]);
  expect(all[0]?.waitsFor).toBe(8);
});

it('does not count a connection that has said nobody’s name', async () => {
  const { watchers, all, asked, told } = await setUp([2, 3]);
  await watchers.wait(all[0]!, 2, 7);
  all[1]!.waitsFor = 7;
  all[1]!.identity = undefined;
  asked.length = 0;
  await told({ waiting: 1, isDecided: true });
  expect(asked).toEqual([[2]]);
});

it('answers who does not wait, and does not remember him', async () => {
  const { watchers, all, states } = await setUp([2]);
  states.clear();
  await expect(watchers.wait(all[0]!, 2, 7)).rejects.toMatchObject({
    code: 'NOT_WAITING',
    context: { roomId: 7 },
  });
  expect(all[0]?.waitsFor).toBeUndefined();
});

it('is asked so often by one user, and no more', async () => {
  const { watchers, all } = await setUp([2, 3]);
  for (let i = 0; i < waitRate.burst; i++) await watchers.wait(all[0]!, 2, 7);
  await expect(watchers.wait(all[0]!, 2, 7)).rejects.toMatchObject({
    code: 'RATE_LIMITED',
    retryAfterMs: expect.any(Number),
  });
  await expect(watchers.wait(all[1]!, 3, 7)).resolves.toBeDefined();
});
