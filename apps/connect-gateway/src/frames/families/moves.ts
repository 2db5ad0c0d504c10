import { standingOf } from '@parley/contracts';
import { AppError, limits, Op, type ClientFrameOf } from '@parley/protocol';
import type { Connection } from '../../connections/connection.js';
import type { Admissions } from '../../rooms/admissions.js';
import type { RoomDirectory } from '../../rooms/room-directory.js';
import type { FrameTurns } from '../frame-turns.js';
import type { FrameFamily } from './family.js';

type MoveOp = typeof Op.move | typeof Op.join | typeof Op.leave;

/** Coming and going: `move`, `join`, `leave`. */
export function moves(
  turns: Pick<FrameTurns, 'identify'>,
  rooms: Pick<RoomDirectory, 'join' | 'leave'>,
  admissions: Pick<Admissions, 'admit'>,
): FrameFamily<MoveOp> {
  const change = async (connection: Connection, frame: ClientFrameOf<MoveOp>): Promise<void> => {
    const identity = await turns.identify(connection, frame);
    // A connection is one user's, so that closing a session can close its sockets.
    if (identity.userId !== connection.identity?.userId) throw new AppError('FORBIDDEN');
    const { roomId } = frame;
    if (frame.op === Op.leave) {
      rooms.leave(connection, roomId);
      return connection.send(JSON.stringify({ op: Op.leave, roomId, ref: frame.ref }));
    }
    const kept = [...connection.memberships.values()].filter(
      // What others have opened on it is not its own.
      ({ room, byMessage }) =>
        !byMessage && room.roomId !== roomId && (frame.op === Op.join || room.kind === 'direct'),
    );
    if (kept.length >= limits.maxRoomsPerConnection) throw new AppError('TOO_MANY_ROOMS');
    const kind = await admissions.admit(identity.userId, roomId);
    const from =
      frame.lastSeq !== undefined && frame.epoch !== undefined
        ? { lastSeq: frame.lastSeq, epoch: frame.epoch }
        : undefined;
    const { member, resumed } = await rooms.join(connection, roomId, kind, from);
    if (frame.op === Op.move) {
      for (const other of [...connection.memberships.values()]) {
        if (other.room.roomId !== roomId && other.room.kind === 'room')
          rooms.leave(connection, other.room.roomId);
      }
    }
    connection.currentRoomId = roomId;
    const { room } = member;
    connection.send(
      JSON.stringify({
        op: Op.joined,
        roomId,
        epoch: room.epoch,
        seq: member.lastSeq,
        head: Math.max(room.delivered, member.lastSeq),
        resumed,
        userId: identity.userId,
        userName: identity.userName,
        ...(kind === 'room' && { state: room.stateFor(identity.userId, standingOf(identity)) }),
        ref: frame.ref,
      }),
    );
    // `joined` is written before the first message: both go to the socket in this order. With nothing to catch up it is
    // live in this turn.
    room.resume(member);
  };
  const inTurn = (connection: Connection, frame: ClientFrameOf<MoveOp>) =>
    connection.order.enqueue(frame.roomId, () => change(connection, frame));
  return { [Op.move]: inTurn, [Op.join]: inTurn, [Op.leave]: inTurn };
}
