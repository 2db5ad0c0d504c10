import type { ClientWindow, SeqRange } from './client-window.js';
import type { HistoryFindings } from './history-findings.js';
import type { RoomHistory } from './room-history.js';

/** Everything recorded of one room. */
export interface RoomRecords {
  roomId: number;
  history: RoomHistory;
  /** The current or last stay of each client. */
  windows: Map<string, ClientWindow>;
  /** Earlier stays. */
  pastWindows: ClientWindow[];
}

/** Finds what only the whole history of a room can show. */
export function auditRoom(room: RoomRecords, findings: HistoryFindings): void {
  const audit = new RoomAudit(room, findings);
  audit.findIdentityBreaks();
  audit.findDoubleAppends();
  audit.findPhantoms();
  for (const window of [...room.pastWindows, ...room.windows.values()]) audit.findMissing(window);
}

class RoomAudit {
  readonly #room: RoomRecords;
  readonly #findings: HistoryFindings;
  /** Seqs that somebody saw or got an ack for, ascending. */
  readonly #seqs: number[];
  /** Where the epoch is known, ascending. */
  readonly #marks: { seq: number; epoch: string | number }[];

  constructor(room: RoomRecords, findings: HistoryFindings) {
    this.#room = room;
    this.#findings = findings;
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

  /** One message, several seqs, each of them its own. */
  findDoubleAppends(): void {
    const { roomId, history } = this.#room;
    const reported = new Set<string>();
    for (const { name, seqs } of history.repeatedMessages()) {
      const own = seqs.filter((seq) => history.slots.get(seq)?.others === undefined);
      const [firstSeq, ...again] = own;
      // A message has two names; the pair of seqs is reported once.
      if (firstSeq === undefined || again.length === 0 || reported.has(own.join())) continue;
      reported.add(own.join());
      for (const seq of again) {
        const detail = `${name.split('\n').pop()} already has seq ${firstSeq}`;
        this.#findings.add({ kind: 'double-append', roomId, seq, detail });
      }
    }
  }

  /** Refused at every attempt, and there. An unanswered attempt may have been accepted. */
  findPhantoms(): void {
    const { roomId, history } = this.#room;
    for (const [key, { clientMsgId, attempts, refusals, acked }] of history.outgoing) {
      const seq = history.seqOf(key);
      if (acked || refusals === 0 || refusals < attempts || seq === undefined) continue;
      this.#findings.add({ kind: 'phantom', roomId, seq, detail: `${clientMsgId} was refused` });
    }
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
      this.#findings.addMissing({ kind, roomId, clientId, seq: run.seq, toSeq: run.toSeq, detail });
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
        this.#findings.addMissing({ kind: 'gap', ...finding, detail: 'nobody ever saw it' });
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
