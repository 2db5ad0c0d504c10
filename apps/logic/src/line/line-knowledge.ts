import { compareLine, generationNumber, type LinePosition, type ShardSurvey } from '@parley/redis';
import { z } from 'zod';

const reportSchema = z.object({
  /** By shard: generation and id in the dispatch stream. */
  positions: z.array(z.tuple([z.string(), z.string()])),
  /** Lives that were accepting messages when all was well. */
  lives: z.array(z.string()),
});

const NOTHING: LinePosition = { generation: '', streamId: '0-0' };

/** How far each shard has come, as one life has seen it, and who else may have seen more. */
export class LineKnowledge {
  private readonly positions: LinePosition[];
  /** Lives that accept messages, this one included. */
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

/** What became of a shard, judged by those who have seen it. */
export interface Verdict {
  /** The generation from now on: the one that stands, or the next. */
  readonly generation: string;
  readonly because: 'unbroken' | 'stepped-back' | 'unknown';
}

/**
 * Whether a shard has everything that it had.
 *
 * @param complete - Everybody who may have seen more has spoken, or this server loses nothing.
 * @param token - Makes a next generation different from every other of its number.
 */
export function judge(
  here: ShardSurvey,
  witnesses: readonly LinePosition[],
  complete: boolean,
  token: string,
): Verdict {
  // A later position, or one of another life (NaN), is one that this server does not have.
  const isBehind = witnesses.some((witness) => !(compareLine(witness, here) <= 0));
  if (!isBehind && complete) return { generation: here.generation, because: 'unbroken' };
  const highest = Math.max(...[...witnesses, here].map(({ generation }) => generationNumber(generation)));
  return { generation: `${highest + 1}.${token}`, because: isBehind ? 'stepped-back' : 'unknown' };
}
