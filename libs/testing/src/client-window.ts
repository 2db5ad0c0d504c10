/** Inclusive. */
export interface SeqRange {
  from: number;
  to: number;
}

/** What a receipt is to the client that got it. */
export type ReceiptOrder = 'next' | 'late' | 'repeated';

/** One stay of one client in one room, in memory that grows with what is missing, not with what came. */
export class ClientWindow {
  /** Highest seq received, or the join position. */
  lastSeq: number;
  /** Last receipt, in ms; undefined before the first. */
  lastAtMs: number | undefined;
  /** The client must have everything up to here; undefined while it stays. */
  finalSeq: number | undefined;
  /** Skipped so far, ascending and disjoint. */
  readonly missing: SeqRange[] = [];
  /** Lines that it knows to have ended. */
  readonly endedEpochs = new Set<string | number>();
  #epoch: string | number | undefined;

  constructor(
    readonly clientId: string,
    readonly joinSeq: number,
  ) {
    this.lastSeq = joinSeq;
  }

  /** Learns from a message which line is the present one. */
  hears(epoch: string | number): void {
    if (epoch === this.#epoch) return;
    if (this.#epoch !== undefined) this.endedEpochs.add(this.#epoch);
    this.#epoch = epoch;
    this.endedEpochs.delete(epoch);
  }

  /** Takes the next receipt in the order the client showed them. */
  receive(seq: number): ReceiptOrder {
    if (seq > this.lastSeq) {
      if (seq > this.lastSeq + 1) this.missing.push({ from: this.lastSeq + 1, to: seq - 1 });
      this.lastSeq = seq;
      return 'next';
    }
    // From the end: what comes late was mostly skipped lately.
    for (let i = this.missing.length - 1; i >= 0; i--) {
      const range = this.missing[i] as SeqRange;
      if (seq > range.to) break;
      if (seq < range.from) continue;
      const halves = [
        { from: range.from, to: seq - 1 },
        { from: seq + 1, to: range.to },
      ];
      this.missing.splice(i, 1, ...halves.filter(({ from, to }) => from <= to));
      return 'late';
    }
    return 'repeated';
  }
}
