import type { ExcusedRange, Violation, ViolationKind } from './history-records.js';

/** A violation yet to be counted; `toSeq` and `count` follow from the run. */
export interface Finding {
  kind: ViolationKind;
  roomId: number;
  clientId?: string;
  seq: number;
  /** @defaultValue seq */
  toSeq?: number;
  detail: string;
}

/** No violation of any kind. */
export function noViolations(): Record<ViolationKind, number> {
  return {
    lost: 0,
    duplicate: 0,
    reordered: 0,
    gap: 0,
    phantom: 0,
    'double-append': 0,
    identity: 0,
    'not-linearizable': 0,
    stale: 0,
    untold: 0,
    forbidden: 0,
    unhidden: 0,
    withheld: 0,
    diverged: 0,
  };
}

/** Collects violations: counts all, keeps the first of each kind. */
export class HistoryFindings {
  readonly violations: Violation[] = [];
  readonly counts = noViolations();
  excused = 0;
  readonly #kept = noViolations();
  readonly #maxPerKind: number;
  readonly #excuses: readonly ExcusedRange[];

  constructor(maxPerKind: number, excuses: readonly ExcusedRange[]) {
    this.#maxPerKind = maxPerKind;
    this.#excuses = excuses;
  }

  add({ toSeq, ...finding }: Finding): void {
    const lastSeq = toSeq ?? finding.seq;
    const count = lastSeq - finding.seq + 1;
    this.counts[finding.kind] += count;
    if (this.#kept[finding.kind]++ < this.#maxPerKind)
      this.violations.push({ ...finding, toSeq: lastSeq, count });
  }

  /**
   * Adds what is missing, less what is excused.
   *
   * @param acked - Whether somebody had an ack for it.
   */
  addMissing(finding: Finding, acked: boolean): void {
    let runs = [{ from: finding.seq, to: finding.toSeq ?? finding.seq }];
    for (const excuse of this.#excuses) {
      if (excuse.roomId !== finding.roomId || (acked && excuse.unackedOnly)) continue;
      runs = runs.flatMap(({ from, to }) => [
        { from, to: Math.min(to, excuse.fromSeq - 1) },
        { from: Math.max(from, excuse.toSeq + 1), to },
      ]);
      runs = runs.filter(({ from, to }) => from <= to);
    }
    const missing = (finding.toSeq ?? finding.seq) - finding.seq + 1;
    this.excused += missing - runs.reduce((sum, { from, to }) => sum + to - from + 1, 0);
    for (const { from, to } of runs) this.add({ ...finding, seq: from, toSeq: to });
  }

  /** Takes over what another collection holds. */
  addAll(other: HistoryFindings): void {
    for (const violation of other.violations) {
      if (this.#kept[violation.kind]++ < this.#maxPerKind) this.violations.push(violation);
    }
    for (const kind of Object.keys(other.counts) as ViolationKind[]) this.counts[kind] += other.counts[kind];
  }
}
