import { Op, type WaitingState } from '@parley/protocol';
import type { EventBus } from '@parley/redis';
import type { RpcClient } from '@parley/rpc';
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
        return {
          states: userIds.map((id) => (states.has(id) ? { roomId: 7, state: states.get(id) } : null)),
        };
      }) as never,
    }),
    stub<EventBus>('EventBus', {
      subscribe: async (_kind, _schema, onEvent) => void (hear = onEvent as (event: object) => void),
    }),
  );
  await watchers.onModuleInit();
  const told = async (event: { waiting: number; isDecided: boolean }, roomId = 7) => {
    hear({ roomId, ...event });
    await settle();
  };
  return { watchers, all, states, asked, told };
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

it('answers who does not wait, and does not remember him', async () => {
  const { watchers, all, states } = await setUp([2]);
  states.clear();
  await expect(watchers.wait(all[0]!, 2, 7)).rejects.toMatchObject({ code: 'NOT_WAITING' });
  expect(all[0]?.waitsFor).toBeUndefined();
});

it('is asked so often by one user, and no more', async () => {
  const { watchers, all } = await setUp([2, 3]);
  for (let i = 0; i < waitRate.burst; i++) await watchers.wait(all[0]!, 2, 7);
  await expect(watchers.wait(all[0]!, 2, 7)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  await expect(watchers.wait(all[1]!, 3, 7)).resolves.toBeDefined();
});
