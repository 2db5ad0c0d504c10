import { Op, type Ack } from '@parley/protocol';
import type { RpcClient } from '@parley/rpc';
import { AppError } from '@parley/protocol';
import { expect, it, vi } from 'vitest';
import type { LocalRoom } from '../../rooms/local-room.js';
import { FakeConnection } from '../../testing/fake-connection.js';
import { stub } from '../../testing/stub.js';
import { FrameTurns } from '../frame-turns.js';
import { acts } from './acts.js';

const ack: Ack = { roomId: 7, seq: 5, epoch: 'e', id: 'i', clientMsgId: 'c', sentAt: 9, duplicate: false };

/** A connection of user 1 that has joined room 7 last; `logic` answers when it is told to. */
function setUp() {
  const connection = new FakeConnection(1);
  connection.currentRoomId = 7;
  const expected = vi.fn<LocalRoom['expect']>();
  const asked: { request: object; answer: (ack: Ack) => void; refuse: (error: AppError) => void }[] = [];
  const call = (_contract: unknown, request: object) =>
    new Promise<Ack>((answer, refuse) => asked.push({ request, answer, refuse }));
  const turns = new FrameTurns({ identify: ({ identity }) => Promise.resolve(identity!) });
  const rooms = {
    get: (roomId: number) => (roomId === 7 ? stub<LocalRoom>('LocalRoom', { expect: expected }) : undefined),
  };
  const family = acts(turns, rooms, stub<RpcClient>('RpcClient', { call: call as RpcClient['call'] }));
  const handle = (frame: object) =>
    Promise.resolve(family[Op.act](connection, { op: Op.act, act: { act: 'calm' }, ...frame } as never));
  return { connection, handle, asked, expected };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

it('asks logic in the name of its sender, and answers with the ack', async () => {
  const { connection, handle, asked, expected } = setUp();
  const act = { act: 'kick', userId: 4 };
  const done = handle({ roomId: 7, act, clientMsgId: 'c', ref: 3 });
  await turn();
  expect(asked[0]?.request).toMatchObject({
    roomId: 7,
    act,
    clientMsgId: 'c',
    from: { userId: 1, userName: 'u1' },
  });
  expect(connection.frames).toEqual([]);
  asked[0]?.answer(ack);
  await done;
  expect(connection.frames).toEqual([{ op: Op.ack, ...ack, ref: 3 }]);
  // Like a message, it is looked for when it does not come.
  expect(expected.mock.calls).toEqual([[ack]]);
});

it('means the room that was joined last, and gives the act an id of its own, when the frame names none', async () => {
  const { handle, asked } = setUp();
  for (let i = 0; i < 2; i++) void handle({});
  await turn();
  const requests = asked.map(({ request }) => request as { roomId: number; clientMsgId: string });
  expect(requests.map(({ roomId }) => roomId)).toEqual([7, 7]);
  const ids = requests.map(({ clientMsgId }) => clientMsgId);
  expect(ids.every((id) => typeof id === 'string' && id.length > 10)).toBe(true);
  expect(new Set(ids).size).toBe(2);
});

it('does not keep the next frame waiting for its answer', async () => {
  const { handle, asked } = setUp();
  void handle({ roomId: 7 });
  void handle({ roomId: 7 });
  await turn();
  expect(asked).toHaveLength(2);
});

it('is answered of a room that is not open here, too; a refusal is the caller’s', async () => {
  const { connection, handle, asked, expected } = setUp();
  const [done, refused] = [handle({ roomId: 8 }), handle({ roomId: 8 })];
  await turn();
  asked[0]?.answer({ ...ack, roomId: 8 });
  asked[1]?.refuse(new AppError('FORBIDDEN'));
  await done;
  await expect(refused).rejects.toMatchObject({ code: 'FORBIDDEN' });
  expect(connection.frames).toMatchObject([{ op: Op.ack, roomId: 8 }]);
  expect(expected).not.toHaveBeenCalled();
});
