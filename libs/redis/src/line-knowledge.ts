import { z } from 'zod';
import { compareLine } from './line-store.js';
import type { LinePosition } from './accept-terms.js';

const reportSchema = z.object({
  /** By shard: generation and id in the dispatch stream. */
  positions: z.array(z.tuple([z.string(), z.string()])),
  /** Lives that were there when all was well. */
  lives: z.array(z.string()),
});

const NOTHING: LinePosition = { generation: '', streamId: '0-0' };

/** How far each shard has come, as one life has seen it, and who else may have seen more. */
export class LineKnowledge {
  private readonly positions: LinePosition[];
  /** Lives that accept messages or hand them on, this one included. */
  lives: ReadonlySet<string> = new Set();

  constructor(shardCount: number) {
    this.positions = Array.from({ length: shardCount }, () => NOTHING);
  }

  at(shard: number): LinePosition {
    return this.positions[shard] ?? NOTHING;
  }

  /** Takes note of a position; an older one changes nothing. */
  saw(shard: number, position: LinePosition): void {
    if (shard < this.positions.length && !(compareLine(position, this.at(shard)) <= 0))
      this.positions[shard] = position;
  }

  all(): readonly LinePosition[] {
    return [...this.positions];
  }

  toText(): string {
    return JSON.stringify({
      positions: this.positions.map(({ generation, streamId }) => [generation, streamId]),
      lives: [...this.lives],
    });
  }

  /** What another life wrote with {@link toText}; undefined when it cannot be read. */
  static parse(text: string): LineKnowledge | undefined {
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      return undefined;
    }
    const parsed = reportSchema.safeParse(json);
    if (!parsed.success) return undefined;
    const known = new LineKnowledge(parsed.data.positions.length);
    parsed.data.positions.forEach(([generation, streamId], shard) => {
      known.positions[shard] = { generation, streamId };
    });
    known.lives = new Set(parsed.data.lives);
    return known;
  }
}
