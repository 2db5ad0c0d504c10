import { Op } from '@parley/protocol';
import { expect, it } from 'vitest';
import { FakeConnection } from '../../testing/fake-connection.js';
import { FrameTurns } from '../frame-turns.js';
import { questions } from './questions.js';

it('are refused of a room that nobody here is in', async () => {
  const connection = new FakeConnection(1);
  const turns = new FrameTurns({ identify: ({ identity }) => Promise.resolve(identity!) });
  const ask = { ask: () => Promise.reject(new Error('nobody is asked')) };
  const family = questions(turns, { get: () => undefined }, ask, { take: () => undefined });
  for (const op of [Op.count, Op.info] as const)
    await expect(family[op](connection, { op, roomId: 7 } as never)).rejects.toMatchObject({
      code: 'NOT_JOINED',
    });
});
