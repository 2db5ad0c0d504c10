import { AppError, Op } from '@parley/protocol';
import type { LobbyWatchers } from '../../lobby/lobby-watchers.js';
import type { FrameTurns } from '../frame-turns.js';
import type { FrameFamily } from './family.js';

/** Waiting to be let into a room. */
export function lobby(
  turns: Pick<FrameTurns, 'inOrder'>,
  watchers: Pick<LobbyWatchers, 'wait'>,
): FrameFamily<typeof Op.wait> {
  return {
    [Op.wait]: async (connection, frame) => {
      const { roomId, ref } = frame;
      const { asked } = await turns.inOrder(connection, frame, ({ userId }) => {
        // Its user is told later, too.
        if (userId !== connection.identity?.userId) throw new AppError('FORBIDDEN');
        // In a box: later frames do not wait for the answer.
        return { asked: watchers.wait(connection, userId, roomId) };
      });
      connection.send(JSON.stringify({ op: Op.wait, ...(await asked), ref }));
    },
  };
}
