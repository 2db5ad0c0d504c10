import { logicRpc } from '@parley/contracts';
import { AppError, limits, Op, type ClientFrameOf } from '@parley/protocol';
import type { RpcClient } from '@parley/rpc';
import type { Connection } from '../../connections/connection.js';
import type { ListWatchers } from '../../lists/list-watchers.js';
import type { ReadReports } from '../../lists/read-reports.js';
import type { FrameTurns } from '../frame-turns.js';
import { historyFrame } from '../replies.js';
import type { FrameFamily } from './family.js';

type ReadingOp = typeof Op.history | typeof Op.read | typeof Op.watch;

/** Bytes of the messages in one history frame: it must fit in a TCP frame. */
const MAX_PAGE_BYTES = 28_000;

/** What there was, how far it is read, and changes of the lists. */
export function reading(
  turns: Pick<FrameTurns, 'inOrder'>,
  rpc: Pick<RpcClient, 'call'>,
  reads: Pick<ReadReports, 'report'>,
  watchers: Pick<ListWatchers, 'watch' | 'nameOf'>,
  maxOutboundBytes: number,
): FrameFamily<ReadingOp> {
  const sendPage = async (
    connection: Connection,
    frame: ClientFrameOf<typeof Op.history>,
    userId: number,
  ): Promise<void> => {
    const page = await rpc.call(logicRpc.history, {
      userId,
      roomId: frame.roomId,
      ...(frame.after !== undefined && { after: frame.after }),
      ...(frame.before !== undefined && { before: frame.before }),
      limit: frame.limit ?? limits.maxHistoryPage,
      maxBytes: MAX_PAGE_BYTES,
    });
    connection.send(historyFrame(page, frame.ref));
  };
  return {
    [Op.history]: (connection, frame) => {
      // An answer is a thousand times larger than its question: the next one is made when the socket has room for it.
      const identified = turns.inOrder(connection, frame, ({ userId }) => userId);
      const done = connection.pages.then(async () => {
        const userId = await identified;
        await connection.whenTaken(maxOutboundBytes);
        await sendPage(connection, frame, userId);
      });
      // It is awaited when its turn comes.
      identified.catch(() => undefined);
      connection.pages = done.catch(() => undefined);
      return done;
    },
    [Op.read]: async (connection, frame) => {
      const { roomId, seq, ref } = frame;
      const by = watchers.nameOf(connection);
      const { kept } = await turns.inOrder(connection, frame, ({ userId }) => ({
        // In a box: later frames do not wait for it.
        kept: reads.report({ userId, roomId, seq, by }),
      }));
      connection.send(JSON.stringify({ op: Op.read, ...(await kept), ref }));
    },
    [Op.watch]: (connection, frame) =>
      turns.inOrder(connection, frame, ({ userId }) => {
        if (userId !== connection.identity?.userId) throw new AppError('FORBIDDEN');
        watchers.watch(connection, frame.ref);
      }),
  };
}
