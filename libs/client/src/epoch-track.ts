/**
 * The epochs of one room in the order in which they were. Of two messages the one with the larger seq has the newer
 * epoch; what a join, a resync or a page names is the present one. An empty epoch is not known yet.
 */
export class EpochTrack {
  #newest: string;
  #knownToSeq = 0;
  readonly #past = new Set<string>();

  constructor(epoch: string) {
    this.#newest = epoch;
  }

  get newest(): string {
    return this.#newest;
  }

  /** The newest epoch is known to be so up to here: a message of another one is old. */
  get knownToSeq(): number {
    return this.#knownToSeq;
  }

  /** Says where the track begins; that is no change. */
  begin(epoch: string): void {
    this.#newest = epoch;
  }

  /** The server counts from the start again and has come to `seq`. */
  restart(seq: number): void {
    this.#knownToSeq = seq;
  }

  /**
   * @param atSeq - A seq, or the head, that is of this epoch.
   * @returns The epoch before, if this is a change.
   */
  note(epoch: string, atSeq: number): string | undefined {
    if (this.#past.has(epoch)) return undefined;
    this.#knownToSeq = Math.max(this.#knownToSeq, atSeq);
    const previous = this.#newest;
    this.#newest = epoch;
    if (previous === '' || previous === epoch) return undefined;
    this.#past.add(previous);
    return previous;
  }
}
