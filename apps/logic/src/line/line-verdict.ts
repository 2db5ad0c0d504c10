import { compareLine, generationNumber, type LinePosition, type ShardSurvey } from '@parley/redis';

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
