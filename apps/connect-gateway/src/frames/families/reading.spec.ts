import { Op } from '@parley/protocol';
import { expect, it } from 'vitest';
import { FakeConnection } from '../../testing/fake-connection.js';
import { FrameTurns } from '../frame-turns.js';
import { reading } from './reading.js';

// What is told then is the connection's user's: what is read on his other devices.
it('the lists are not watched for another user than the connection’s', async () => {
  const connection = new FakeConnection(1);
  const own = connection.identity!;
  let sender = own;
  const watched: unknown[][] = [];
  const family = reading(
    new FrameTurns({ identify: () => Promise.resolve(sender) }),
    { call: () => Promise.reject(new Error('logic is not asked')) },
    { report: () => Promise.reject(new Error('nothing is reported')) },
    { watch: (...args) => void watched.push(args), nameOf: () => 'c' },
    1_000,
  );
  const watch = () => family[Op.watch](connection, { op: Op.watch, ref: 5 } as never);
  await watch();
  expect(watched).toEqual([[connection, 5]]);
  sender = { ...own, userId: 2 };
  await expect(watch()).rejects.toMatchObject({ code: 'FORBIDDEN' });
  expect(watched).toHaveLength(1);
});
