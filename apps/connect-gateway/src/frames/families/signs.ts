import { Op, type ClientFrameOf } from '@parley/protocol';
import type { Connection } from '../../connections/connection.js';
import type { FrameTurns } from '../frame-turns.js';
import type { FrameFamily } from './family.js';

type SignOp = typeof Op.ping | typeof Op.pong;

/** Signs of life. An idle client hands in a newer token with one of these. */
export function signs(turns: Pick<FrameTurns, 'inOrder'>): FrameFamily<SignOp> {
  const takeToken = (connection: Connection, frame: ClientFrameOf<SignOp>): Promise<void> =>
    turns.inOrder(connection, frame, () => undefined);
  return {
    [Op.ping]: async (connection, frame) => {
      // Without a token in the same turn: what comes right behind may end the connection.
      if (frame.authToken !== undefined) await takeToken(connection, frame);
      connection.send(JSON.stringify({ op: Op.pong, ref: frame.ref }));
    },
    [Op.pong]: (connection, frame) =>
      frame.authToken === undefined ? undefined : takeToken(connection, frame),
  };
}
