import { Op, type WaitingState } from '@parley/protocol';
import { expect, it } from 'vitest';
import { FakeConnection } from '../../testing/fake-connection.js';
import { FrameTurns } from '../frame-turns.js';
import { lobby } from './lobby.js';

/** A connection of user 1; whose token a frame carries is the test's to say. */
function setUp() {
  const connection = new FakeConnection(1);
  const own = connection.identity!;
  const state = { sender: own };
  const asked: { who: unknown[]; answer: (state: WaitingState) => void }[] = [];
  const family = lobby(new FrameTurns({ identify: () => Promise.resolve(state.sender) }), {
    wait: (...who) => new Promise((answer) => asked.push({ who, answer })),
  });
  const handle = (frame: object) =>
    Promise.resolve(family[Op.wait](connection, { op: Op.wait, roomId: 7, ...frame } as never));
  return { connection, own, state, asked, handle };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

it('asks how it stands with its sender, and answers that', async () => {
  const { connection, handle, asked } = setUp();
  const done = handle({ ref: 4 });
  await turn();
  expect(asked.map(({ who }) => who)).toEqual([[connection, 1, 7]]);
  asked[0]?.answer({ roomId: 7, state: 'waiting' });
  await done;
  expect(connection.frames).toEqual([{ op: Op.wait, roomId: 7, state: 'waiting', ref: 4 }]);
});

it('does not keep the next frame waiting for its answer', async () => {
  const { handle, asked } = setUp();
  void handle({});
  void handle({});
  await turn();
  expect(asked).toHaveLength(2);
});

// The connection is told of later changes: they are its own user's alone.
it('is refused to another user than the connection’s', async () => {
  const { own, state, handle, asked } = setUp();
  state.sender = { ...own, userId: 2 };
  await expect(handle({})).rejects.toMatchObject({ code: 'FORBIDDEN' });
  expect(asked).toEqual([]);
});
