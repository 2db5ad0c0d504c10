import type { HistoryFindings } from './history-findings.js';
import type { SteppedBackRecord } from './history-records.js';
import type { RoomHistory } from './room-history.js';
import type { RoomRecords } from './room-records.js';

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

/** Finds what a step back does not excuse. */
export function auditStepsBack(room: RoomRecords, findings: HistoryFindings): void {
  for (const step of room.history.stepsBack) {
    const range = destroyedBy(room.history, step);
    if (!range) continue;
    findStale(room, step, findings);
    findUntold(room, step, range, findings);
  }
}

function destroyedBy(
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

/** The ended line went on: its numbers were issued again, or beside the new ones. */
function findStale(
  { roomId, history }: RoomRecords,
  { epoch, keptSeq, atMs }: SteppedBackRecord,
  findings: HistoryFindings,
): void {
  for (const [seq, slot] of history.slots) {
    if (seq <= keptSeq || slot.epoch !== epoch) continue;
    const late = [slot.first, ...(slot.others ?? [])]
      .map((seen) => history.sentAs(seen))
      .find((sent) => sent !== undefined && sent.sentAtMs > atMs && sent.sentAtMs < Infinity);
    if (!late) continue;
    const detail = `${late.clientMsgId} was first sent ${Math.round(late.sentAtMs - atMs)} ms after the line had stepped back to ${keptSeq}`;
    findings.add({ kind: 'stale', roomId, seq, detail });
  }
}

/** Whoever misses something must know why. */
function findUntold(
  { roomId, windows, pastWindows }: RoomRecords,
  { epoch }: SteppedBackRecord,
  { fromSeq, toSeq }: DestroyedRange,
  findings: HistoryFindings,
): void {
  for (const { clientId, missing, joinSeq, lastSeq, finalSeq = Infinity, endedEpochs } of [
    ...pastWindows,
    ...windows.values(),
  ]) {
    if (joinSeq >= toSeq || finalSeq < fromSeq || endedEpochs.has(epoch)) continue;
    const misses = lastSeq < toSeq || missing.some(({ from, to }) => from <= toSeq && to >= fromSeq);
    if (!misses || finalSeq <= lastSeq) continue;
    const detail = 'misses what was destroyed, and was told of no other epoch';
    findings.add({ kind: 'untold', roomId, clientId, seq: fromSeq, toSeq, detail });
  }
}
