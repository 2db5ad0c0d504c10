import type { SteppedBackRecord } from './history-records.js';
import type { RoomHistory } from './room-history.js';

/** Numbers of a room that a step back may have destroyed, inclusive. */
export interface DestroyedRange {
  readonly fromSeq: number;
  readonly toSeq: number;
  /** What was acked must be there all the same. */
  readonly unackedOnly: boolean;
}

/**
 * What the steps back of a room may have destroyed: of the line that ended, from behind what was kept up to the last that
 * somebody saw before. Empty when nothing was lost: then the line may go on.
 */
export function destroyedRanges(history: RoomHistory): DestroyedRange[] {
  return history.stepsBack.flatMap((step) => destroyedBy(history, step) ?? []);
}

/** What one step back may have destroyed; undefined for nothing. */
export function destroyedBy(
  history: RoomHistory,
  { epoch, keptSeq, atMs, keepsAcked = false }: SteppedBackRecord,
): DestroyedRange | undefined {
  let toSeq = keptSeq;
  let sent = keptSeq;
  for (const [seq, slot] of history.slots) {
    if (seq <= keptSeq || slot.epoch !== epoch) continue;
    if (slot.seenAtMs < atMs) toSeq = Math.max(toSeq, seq);
    // Accepted before, and shown late by somebody who had it already.
    if ((history.sentAs(slot.first)?.sentAtMs ?? Infinity) < atMs) sent = Math.max(sent, seq);
  }
  if (toSeq > keptSeq) toSeq = Math.max(toSeq, sent);
  return toSeq > keptSeq ? { fromSeq: keptSeq + 1, toSeq, unackedOnly: keepsAcked } : undefined;
}
