/** Bytes that an entry may have: the longest text, each character escaped, and what goes with it. */
export const MAX_ENTRY_BYTES = 32 * 1024;
/**
 * Bytes that one read may bring, in the worst case; one entry of each shard in any case. Judgement: small beside what may
 * be in hand, and read and parsed in well under 100 ms.
 */
export const MAX_READ_BYTES = 16 * 1024 * 1024;

/**
 * What to read next. XREADGROUP counts entries per stream and knows no bytes: with many shards each may bring only a few.
 * A shard that had more than that is read once more, with the others that had, before everything is read again.
 */
export class ReadPlan {
  private full: ReadonlySet<number> = new Set();

  constructor(private readonly batchSize: number) {}

  /** The shards to read now, of those that may be read, how many entries of each, and whether others are left out. */
  next(shards: readonly number[]): { shards: readonly number[]; count: number; isPart: boolean } {
    const again = shards.filter((shard) => this.full.has(shard));
    const chosen = again.length > 0 && again.length < shards.length ? again : shards;
    const share = Math.floor(MAX_READ_BYTES / (MAX_ENTRY_BYTES * Math.max(chosen.length, 1)));
    return {
      shards: chosen,
      count: Math.max(1, Math.min(this.batchSize, share)),
      isPart: chosen.length < shards.length,
    };
  }

  /**
   * Notes what came of it.
   *
   * @param counts - Entries that came of each shard.
   * @returns Whether some shard has more, for all that is known.
   */
  note(counts: ReadonlyMap<number, number>, { count, isPart }: { count: number; isPart: boolean }): boolean {
    const full = new Set([...counts].filter(([, entries]) => entries >= count).map(([shard]) => shard));
    // After a part come all: nobody starves.
    this.full = isPart ? new Set() : full;
    return full.size > 0;
  }
}
