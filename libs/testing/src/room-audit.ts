import type { ClientWindow, SeqRange } from './client-window.js';
import type { HistoryFindings } from './history-findings.js';
import { isRefused, nameIn, senderKey, type Outgoing, type Slot } from './room-history.js';
import type { RoomRecords } from './room-records.js';
import { destroyedRanges, type DestroyedRange } from './destroyed-ranges.js';

/**
 * Finds what only the whole history of a room can show.
 *
 * @param allSendsRecorded - Whether a message that nobody sent must be an invention.
 */
export function auditRoom(room: RoomRecords, findings: HistoryFindings, allSendsRecorded: boolean): void {
  const audit = new RoomAudit(room, findings);
  audit.findIdentityBreaks();
  audit.findChangedContents();
  audit.findDoubleAppends();
  audit.findPhantoms(allSendsRecorded);
  audit.findNotLinearizable();
  for (const window of [...room.pastWindows, ...room.windows.values()]) audit.findMissing(window);
}

class RoomAudit {
  readonly #room: RoomRecords;
  readonly #findings: HistoryFindings;
  /** Seqs that somebody saw or got an ack for, ascending. */
  readonly #seqs: number[];
  /** What steps back may have destroyed. */
  readonly #destroyed: readonly DestroyedRange[];
  /** Where the epoch is known, ascending. */
  readonly #marks: { seq: number; epoch: string | number }[];

  constructor(room: RoomRecords, findings: HistoryFindings) {
    this.#room = room;
    this.#findings = findings;
    this.#destroyed = destroyedRanges(room.history);
    const { slots, anchors } = room.history;
    this.#seqs = [...slots.keys()].sort((a, b) => a - b);
    const epochs = new Map(anchors);
    for (const [seq, { epoch }] of slots) epochs.set(seq, epoch);
    this.#marks = [...epochs].map(([seq, epoch]) => ({ seq, epoch })).sort((a, b) => a.seq - b.seq);
  }

  /** One seq, several messages: reordered when one of them has another place too, else a reused number. */
  findIdentityBreaks(): void {
    const { roomId, history } = this.#room;
    for (const [seq, { first, others }] of history.slots) {
      if (!others) continue;
      const messages = [first, ...others];
      const elsewhere = messages.some((message) => history.isElsewhere(seq, message));
      const names = messages.map(
        ({ clientMsgId, id, contentHash }) => clientMsgId ?? id ?? `content ${contentHash}`,
      );
      this.#findings.add({
        kind: elsewhere ? 'reordered' : 'identity',
        roomId,
        seq,
        detail: `${messages.length} messages under one seq: ${names.join(', ')}`,
      });
    }
  }

  /** One seq, one message, but not with the content its sender gave it. */
  findChangedContents(): void {
    const { roomId, history } = this.#room;
    for (const [seq, { first, others }] of history.slots) {
      const sentHash = history.sentAs(first)?.contentHash;
      if (others || sentHash === undefined || first.contentHash === undefined) continue;
      if (sentHash === first.contentHash) continue;
      const detail = `${first.clientMsgId} was sent with another content`;
      this.#findings.add({ kind: 'identity', roomId, seq, detail });
    }
  }

  /** One message, several seqs, each of them its own. */
  findDoubleAppends(): void {
    const { roomId, history } = this.#room;
    const reported = new Set<string>();
    for (const { name, seqs } of history.repeatedMessages()) {
      // What a step back destroyed is sent again by whoever had no ack for it.
      const own = seqs.filter(
        (seq) => history.slots.get(seq)?.others === undefined && !this.#isDestroyed(seq),
      );
      const [firstSeq, ...again] = own;
      // A message has two names; the pair of seqs is reported once.
      if (firstSeq === undefined || again.length === 0 || reported.has(own.join())) continue;
      reported.add(own.join());
      for (const seq of again) {
        const detail = `${nameIn(name)} already has seq ${firstSeq}`;
        this.#findings.add({ kind: 'double-append', roomId, seq, detail });
      }
    }
  }

  /** There, and should not be. Each message is named once, at its first seq. */
  findPhantoms(allSendsRecorded: boolean): void {
    const { roomId, history } = this.#room;
    for (const [seq, slot] of history.slots) {
      const seen = [slot.first, ...(slot.others ?? [])];
      const keys = seen.flatMap(({ senderId, clientMsgId }) =>
        clientMsgId === undefined ? [] : [senderKey(senderId, clientMsgId)],
      );
      for (const key of new Set(keys)) {
        if (history.seqOf(key) !== seq) continue;
        const sent = history.outgoing.get(key);
        // Accepted, lost with what Redis stepped back from, sent again, and refused then: a host had closed the room meanwhile.
        const wasRefused = sent && isRefused(sent) && !this.#isDestroyed(seq);
        const why = wasRefused ? 'was refused' : allSendsRecorded ? inventionOf(slot, sent) : undefined;
        if (why) this.#findings.add({ kind: 'phantom', roomId, seq, detail: `${nameIn(key)} ${why}` });
      }
    }
  }

  /**
   * What was seen before a message was first sent must have the smaller seq. Nothing is said of messages on their way
   * at the same time: first sent at or before the moment when the larger seq was first seen.
   */
  findNotLinearizable(): void {
    const { roomId, history } = this.#room;
    /** Of all larger seqs the one that was seen first. */
    let rival = { seq: Infinity, seenAtMs: Infinity };
    for (let i = this.#seqs.length - 1; i >= 0; i--) {
      const seq = this.#seqs[i] as number;
      const slot = history.slots.get(seq) as Slot;
      // A place in dispute proves nothing, and is a violation of its own.
      if (slot.others || history.isElsewhere(seq, slot.first)) continue;
      const { seenAtMs } = slot;
      const { clientMsgId, sentAtMs } = history.sentAs(slot.first) ?? { sentAtMs: Infinity };
      // Seen before it was sent: then the first attempt is not among those recorded.
      if (sentAtMs > rival.seenAtMs && sentAtMs <= seenAtMs) {
        const detail = `${clientMsgId} was first sent ${sentAtMs - rival.seenAtMs} ms after seq ${rival.seq} was seen`;
        this.#findings.add({ kind: 'not-linearizable', roomId, seq, detail });
      }
      if (seenAtMs < rival.seenAtMs) rival = { seq, seenAtMs };
    }
  }

  #isDestroyed(seq: number): boolean {
    const acked = this.#room.history.slots.get(seq)?.acked === true;
    return this.#destroyed.some(
      ({ fromSeq, toSeq, unackedOnly }) => fromSeq <= seq && seq <= toSeq && !(acked && unackedOnly),
    );
  }

  /** What one client should have got and did not. */
  findMissing({ clientId, missing, lastSeq, finalSeq }: ClientWindow): void {
    const end = finalSeq ?? this.#room.history.maxSeq;
    for (const range of missing) {
      const to = Math.min(range.to, end);
      if (range.from > to) continue;
      this.#findMissingKnown(clientId, { from: range.from, to }, true);
      this.#findUnseen(clientId, { from: range.from, to });
    }
    // After the last receipt, numbers nobody saw prove nothing.
    if (lastSeq < end) this.#findMissingKnown(clientId, { from: lastSeq + 1, to: end }, false);
  }

  /** Missing here, though known to exist. */
  #findMissingKnown(clientId: string, { from, to }: SeqRange, isInside: boolean): void {
    const { roomId, history } = this.#room;
    let run: { seq: number; toSeq: number; acked: boolean } | undefined;
    const flush = (): void => {
      if (!run) return;
      const kind = run.acked || !isInside ? 'lost' : 'gap';
      const detail = run.acked ? 'acked, never came' : 'shown to others, never came';
      this.#findings.addMissing(
        { kind, roomId, clientId, seq: run.seq, toSeq: run.toSeq, detail },
        run.acked,
      );
    };
    for (let i = lowerBound(this.#seqs, from); i < this.#seqs.length; i++) {
      const seq = this.#seqs[i] as number;
      if (seq > to) break;
      const acked = history.slots.get(seq)?.acked === true;
      if (run?.acked === acked && run.toSeq === seq - 1) {
        run.toSeq = seq;
      } else {
        flush();
        run = { seq, toSeq: seq, acked };
      }
    }
    flush();
  }

  /** Numbers between receipts that nobody saw: right where a new epoch began, else a hole in the log. */
  #findUnseen(clientId: string, { from, to }: SeqRange): void {
    let start = from;
    for (let i = lowerBound(this.#seqs, from); start <= to; i++) {
      const nextSeq = Math.min(this.#seqs[i] ?? Infinity, to + 1);
      if (nextSeq > start && !this.#epochChangesBetween(start - 1, nextSeq)) {
        const finding = { roomId: this.#room.roomId, clientId, seq: start, toSeq: nextSeq - 1 };
        this.#findings.addMissing({ kind: 'gap', ...finding, detail: 'nobody ever saw it' }, false);
      }
      start = nextSeq + 1;
    }
  }

  /** Whether two of the known epochs from the last mark up to `fromSeq` to the first from `toSeq` differ. */
  #epochChangesBetween(fromSeq: number, toSeq: number): boolean {
    const seqs = this.#marks;
    let i = lowerBound(seqs, fromSeq, ({ seq }) => seq);
    if (seqs[i]?.seq !== fromSeq && i > 0) i--;
    const epoch = seqs[i]?.epoch;
    for (; i < seqs.length; i++) {
      const mark = seqs[i] as { seq: number; epoch: string | number };
      if (mark.epoch !== epoch) return true;
      if (mark.seq >= toSeq) break;
    }
    return false;
  }
}

/** Why a message of which every attempt is recorded cannot be what was sent; undefined if it can. */
function inventionOf({ seenAtMs, others }: Slot, sent: Outgoing | undefined): string | undefined {
  if (!sent || sent.attempts === 0) return 'was sent by nobody';
  // Under a disputed seq it may be the other message that was seen so early.
  return !others && seenAtMs < sent.sentAtMs ? 'was seen before it was sent' : undefined;
}

/** Index of the first element not below `value`. */
function lowerBound<T>(sorted: readonly T[], value: number, valueOf: (item: T) => number = Number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (valueOf(sorted[middle] as T) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
