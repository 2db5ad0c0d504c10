import { authorOf, newId, type Send } from '@parley/contracts';
import { Op, type ClientFrameOf } from '@parley/protocol';
import type { PublishCoalescer } from '@parley/rpc';
import type { Connection } from '../../connections/connection.js';
import type { RoomDirectory } from '../../rooms/room-directory.js';
import { roomOf, type FrameTurns } from '../frame-turns.js';
import type { FrameFamily } from './family.js';

type SendOp = typeof Op.room | typeof Op.direct;

/** Messages to a room or to a user. */
export function sends(
  turns: Pick<FrameTurns, 'inOrder'>,
  rooms: Pick<RoomDirectory, 'get'>,
  publisher: Pick<PublishCoalescer, 'publish'>,
): FrameFamily<SendOp> {
  const send = async (connection: Connection, frame: ClientFrameOf<SendOp>): Promise<void> => {
    const clientMsgId = frame.clientMsgId ?? newId();
    const { accepted } = await turns.inOrder(connection, frame, (identity) => {
      const target: Partial<Send> =
        frame.op === Op.direct ? { toUserId: frame.toUserId } : { roomId: roomOf(connection, frame.roomId) };
      // In a box: the next frame waits until this one is handed on, not for its answer. From here the coalescer keeps order.
      return {
        accepted: publisher.publish({ from: authorOf(identity), text: frame.msg, clientMsgId, ...target }),
      };
    });
    const ack = await accepted;
    connection.send(JSON.stringify({ op: Op.ack, ...ack, ref: frame.ref }));
    rooms.get(ack.roomId)?.expect(ack);
  };
  return { [Op.room]: send, [Op.direct]: send };
}
