import { AppError } from '@parley/protocol';

/**
 * A room that has not taken what it was given by then is answered as failed, milliseconds: it may go on, but the others of
 * the call are not kept waiting, nor the next call. Judgement: several reads of a log, far below a call's deadline.
 */
const ANSWER_WITHIN_MS = 300;
/** The same for a caller that repeats the whole call: nearly its deadline. */
const ANSWER_ALL_WITHIN_MS = 1_800;
/** Rooms that read their log at once for one call; each may bring half a thousand messages into memory. */
const LOGS_AT_ONCE = 8;

/** Something to take for one room. */
export interface RoomToTake {
  readonly roomId: number;
  /** It is to be read from the room's log first. */
  readonly isFromLog: boolean;
  readonly take: () => Promise<void>;
}

/**
 * Has rooms take what they are given, each by itself.
 *
 * @param isPartial - The caller asks again for those that could not, and not for the others.
 * @returns The rooms that could not, or not yet, and why; asked for again they drop what they have by then.
 */
export async function takeRooms(
  rooms: readonly RoomToTake[],
  isPartial: boolean,
): Promise<ReadonlyMap<number, unknown>> {
  const failures = new Map<number, unknown>();
  const open = new Set<RoomToTake>(rooms);
  let isOver = false;
  const run = async (room: RoomToTake) => {
    if (isOver) return;
    try {
      await room.take();
      open.delete(room);
    } catch (error) {
      if (!isOver) failures.set(room.roomId, error);
      open.delete(room);
    }
  };
  const fromLogs = rooms.filter(({ isFromLog }) => isFromLog)[Symbol.iterator]();
  const oneAfterAnother = async () => {
    for (const room of fromLogs) await run(room);
  };
  const all = Promise.all([
    ...rooms.filter(({ isFromLog }) => !isFromLog).map(run),
    ...Array.from({ length: LOGS_AT_ONCE }, oneAfterAnother),
  ]);
  const withinMs = isPartial ? ANSWER_WITHIN_MS : ANSWER_ALL_WITHIN_MS;
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([all, new Promise((resolve) => (timer = setTimeout(resolve, withinMs)))]);
  clearTimeout(timer);
  isOver = true;
  for (const { roomId } of open) failures.set(roomId, new AppError('OVERLOADED', { context: { roomId } }));
  return failures;
}
