/** What is read of a room's head, in the order that {@link standingHead} takes. */
export const HEAD_FIELDS = ['seq', 'epoch', 'floor', 'line'] as const;

/** A room's position: the last sequence number issued, and the line it belongs to. */
export interface RoomPosition {
  readonly seq: number;
  readonly epoch: string;
}

/** A room's position, and its epoch's start: this epoch's first seq is above `floor`. */
export interface RoomHead extends RoomPosition {
  readonly floor: number;
}

/**
 * A head as it counts now. One of an ended generation is none: Redis may have less than it once had, so the epoch is over.
 *
 * @param fields - The values of {@link HEAD_FIELDS}.
 * @param generation - The shard's; null or undefined before the first one began, as is the field of such heads.
 */
export function standingHead(
  [seq, epoch, floor, line]: readonly (string | null)[],
  generation: string | null | undefined,
): RoomHead | undefined {
  if (seq == null || epoch == null || (line ?? '') !== (generation ?? '')) return undefined;
  return { seq: Number(seq), epoch, floor: Number(floor ?? 0) };
}
