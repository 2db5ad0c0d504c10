import { AppError, Op, type ClientFrameOf } from '@parley/protocol';
import type { Connection } from '../../connections/connection.js';
import type { PresenceAnnouncer } from '../../rooms/presence-announcer.js';
import type { RoomDirectory } from '../../rooms/room-directory.js';
import { roomOf, type FrameTurns } from '../frame-turns.js';
import type { QuestionLimits } from '../question-limits.js';
import type { FrameFamily } from './family.js';

type QuestionOp = typeof Op.count | typeof Op.info;

/** Who is in a room: only who is in it may ask. */
export function questions(
  turns: Pick<FrameTurns, 'inOrder'>,
  rooms: Pick<RoomDirectory, 'get'>,
  announcer: Pick<PresenceAnnouncer, 'ask'>,
  limits: Pick<QuestionLimits, 'take'>,
): FrameFamily<QuestionOp> {
  const ask = async (connection: Connection, frame: ClientFrameOf<QuestionOp>): Promise<void> => {
    const room = await turns.inOrder(connection, frame, ({ userId }) => {
      const roomId = roomOf(connection, frame.roomId);
      const room = rooms.get(roomId);
      if (userId !== connection.identity?.userId || !room?.members.has(connection))
        throw new AppError('NOT_JOINED');
      limits.take(userId, roomId);
      return room;
    });
    try {
      await announcer.ask(connection, room, frame.op === Op.count ? 'count' : 'info');
    } catch (cause) {
      throw new AppError('UNAVAILABLE', { cause });
    }
  };
  return { [Op.count]: ask, [Op.info]: ask };
}
