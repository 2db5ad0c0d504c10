import type { LineStore } from '@parley/redis';
import type { LineLivesRepository } from './line-lives.repository.js';

/** A life that has not shown itself for this long, while this one could look, has ended; milliseconds. */
const ENDED_AFTER_MS = 10_000;
/** After a look this late everybody is given the whole time again, milliseconds: Redis was away from all of them. */
const LATE_LOOK_MS = 5_000;

/** Notices which lives have ended. What they knew is known here by then: their rows in SQL have served. */
export class LivesWatch {
  private readonly seen = new Map<string, { readonly beats: string; at: number }>();
  private lookedAt = 0;

  constructor(
    private readonly store: Pick<LineStore, 'forget'>,
    private readonly lives: Pick<LineLivesRepository, 'list' | 'remove'>,
    private readonly own: string,
  ) {}

  /** @param beats - By life, how often it has shown itself; read before this life noted how far the shards have come. */
  see(beats: Readonly<Record<string, string>>, nowMs: number): void {
    if (nowMs - this.lookedAt > LATE_LOOK_MS) for (const life of this.seen.values()) life.at = nowMs;
    for (const [life, beat] of Object.entries(beats))
      if (this.seen.get(life)?.beats !== beat) this.seen.set(life, { beats: beat, at: nowMs });
    this.lookedAt = nowMs;
  }

  /** Removes ended lives from Redis and SQL. */
  async removeEnded(): Promise<void> {
    const rows = await this.lives.list();
    // A life that Redis does not list is timed from when it was first missed.
    for (const { life } of rows)
      if (!this.seen.has(life)) this.seen.set(life, { beats: '', at: this.lookedAt });
    const ended = [...this.seen]
      .filter(([life, { at }]) => life !== this.own && this.lookedAt - at > ENDED_AFTER_MS)
      .map(([life]) => life);
    if (ended.length === 0) return;
    await this.store.forget(...ended);
    await this.lives.remove(ended);
    for (const life of ended) this.seen.delete(life);
  }
}
