import type { ShardSurvey } from '@parley/redis';
import { describe, expect, it } from 'vitest';
import { judge } from './line-verdict.js';

const here = (generation: string, streamId: string) => ({ generation, streamId }) as ShardSurvey;
const at = (generation: string, streamId: string) => ({ generation, streamId });
const verdict = (generation: string, because: 'unbroken' | 'stepped-back' | 'unknown') => ({
  generation,
  because,
});

describe('judge', () => {
  it('leaves the generation when this server has all that was seen, and everybody has spoken', () => {
    const witnesses = [at('2.a', '5-0'), at('2.a', '9-1'), at('1.z', '90-0')];
    expect(judge(here('2.a', '9-1'), witnesses, true, 't')).toEqual(verdict('2.a', 'unbroken'));
    expect(judge(here('2.a', '9-1'), [], true, 't')).toEqual(verdict('2.a', 'unbroken'));
  });

  it('begins the next one when any witness has seen more', () => {
    for (const more of ['9-2', '10-0'])
      expect(judge(here('2.a', '9-1'), [at('2.a', more), at('2.a', '1-0')], true, 't')).toEqual(
        verdict('3.t', 'stepped-back'),
      );
    // Whatever the others will say.
    expect(judge(here('2.a', '9-1'), [at('2.a', '10-0')], false, 't')).toEqual(
      verdict('3.t', 'stepped-back'),
    );
  });

  it('begins one above every number that was seen, also of a generation that this server never had', () => {
    expect(judge(here('2.a', '9-1'), [at('5.b', '1-0')], true, 't')).toEqual(verdict('6.t', 'stepped-back'));
    expect(judge(here('2.a', '9-1'), [at('2.b', '1-0')], true, 't')).toEqual(verdict('3.t', 'stepped-back'));
    expect(judge(here('', '0-0'), [at('', '4-0')], true, 't')).toEqual(verdict('1.t', 'stepped-back'));
  });

  it('begins one when somebody has not spoken who may have seen more', () => {
    expect(judge(here('2.a', '9-1'), [at('2.a', '9-1')], false, 't')).toEqual(verdict('3.t', 'unknown'));
  });
});
