import { authorOf, logicRpc, newId } from '@parley/contracts';
import { Op } from '@parley/protocol';
import type { RpcClient } from '@parley/rpc';
import type { RoomDirectory } from '../../rooms/room-directory.js';
import { roomOf, type FrameTurns } from '../frame-turns.js';
import type { FrameFamily } from './family.js';

/** What is done to a room. */
export function acts(
  turns: Pick<FrameTurns, 'inOrder'>,
  rooms: Pick<RoomDirectory, 'get'>,
  rpc: Pick<RpcClient, 'call'>,
): FrameFamily<typeof Op.act> {
  return {
    [Op.act]: async (connection, frame) => {
      const { act, clientMsgId = newId(), ref } = frame;
      const { done } = await turns.inOrder(connection, frame, (identity) => {
        const roomId = roomOf(connection, frame.roomId);
        // In a box: later frames do not wait for the answer.
        return { done: rpc.call(logicRpc.act, { from: authorOf(identity), roomId, act, clientMsgId }) };
      });
      const ack = await done;
      connection.send(JSON.stringify({ op: Op.ack, ...ack, ref }));
      rooms.get(ack.roomId)?.expect(ack);
    },
  };
}
