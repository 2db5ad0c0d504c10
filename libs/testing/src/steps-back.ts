import { destroyedBy, type DestroyedRange } from './destroyed-ranges.js';
import type { HistoryFindings } from './history-findings.js';
import type { SteppedBackRecord } from './history-records.js';
import type { RoomRecords } from './room-records.js';

/** Finds what a step back does not excuse. */
export function auditStepsBack(room: RoomRecords, findings: HistoryFindings): void {
  for (const step of room.history.stepsBack) {
    const range = destroyedBy(room.history, step);
    if (!range) continue;
    findStale(room, step, findings);
    findUntold(room, step, range, findings);
  }
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
