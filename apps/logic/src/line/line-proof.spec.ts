import { LineKnowledge, type LinePosition, type LineStore, type ShardSurvey } from '@parley/redis';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { stub } from '../testing/stub.js';
import type { LineLife } from './line-lives.repository.js';
import { proveLines, WITNESS_WAIT_MS } from './line-proof.js';
import type { Verdict } from './line-verdict.js';

const HERE = { generation: '2.a', streamId: '5-0' };

/** What a life knows: how far shard 0 had come, and who else was there. */
function knows(position: LinePosition, lives: readonly string[] = []): LineKnowledge {
  const knowledge = new LineKnowledge(1);
  knowledge.saw(0, position);
  knowledge.lives = new Set(lives);
  return knowledge;
}
const row = (life: string, closed: boolean, known?: LineKnowledge): LineLife => ({ life, closed, known });

/** One shard on a server that came back. `look` is called at every look at the reports. */
function setUp(given: {
  own?: LineKnowledge;
  /** What the others have said to this server. */
  reports?: Record<string, LineKnowledge>;
  rows?: readonly LineLife[];
  promoted?: boolean;
  losesNothing?: boolean;
  isProven?: boolean;
  look?: (looks: number) => void;
}) {
  const { own = knows(HERE, ['own']), reports = {}, rows = [] } = given;
  const state = { serverId: 's2', provenOn: given.isProven ? 's2' : 's1', generation: HERE.generation };
  const said: Record<string, string> = {};
  for (const [life, knowledge] of Object.entries(reports)) said[life] = knowledge.toText();
  const done: string[] = [];
  const verdicts: Verdict[] = [];
  let looks = 0;
  const prove = vi.fn<LineStore['prove']>(async (_, generation) => {
    Object.assign(state, { provenOn: state.serverId, generation });
    return true;
  });
  const livesInSql = vi.fn(async (): Promise<readonly LineLife[] | undefined> => [...rows]);
  const context = {
    store: stub<LineStore>('LineStore', {
      survey: async () => [
        { shard: 0, ...HERE, ...state, promoted: given.promoted ?? false, nowMs: 0 } satisfies ShardSurvey,
      ],
      report: async (serverId, life, text) => {
        done.push(`report to ${serverId}`);
        said[life] = text;
      },
      reports: async () => {
        given.look?.(++looks);
        return { ...said };
      },
      losesNothing: async () => given.losesNothing ?? false,
      prove,
    }),
    life: 'own',
    knowledge: own,
    call: () => void done.push('call'),
    livesInSql,
    onVerdict: (verdict: Verdict) => void verdicts.push(verdict),
  };
  const say = (life: string, knowledge: LineKnowledge) => void (said[life] = knowledge.toText());
  return { prove: () => proveLines(context), decide: prove, livesInSql, done, verdicts, say, state };
}

/** Time passes as the test says. */
function fakeClock() {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  return (ms: number) => vi.advanceTimersByTime(ms);
}
const unbroken = { generation: '2.a', because: 'unbroken' };

describe('proveLines', () => {
  it('does nothing where all is proven', async () => {
    const { prove, done, verdicts } = setUp({ isProven: true });
    await prove();
    expect([done, verdicts]).toEqual([[], []]);
  });

  it('says what it knows, calls the others, and decides at once when nobody else may know more', async () => {
    const { prove, done, verdicts } = setUp({});
    await prove();
    expect(done).toEqual(['report to s2', 'call']);
    expect(verdicts).toEqual([unbroken]);
  });

  it.each([
    ['this life', { own: knows({ generation: '2.a', streamId: '6-0' }) }],
    ['another life', { reports: { other: knows({ generation: '2.a', streamId: '6-0' }) } }],
    ['one that SQL knows', { rows: [row('ended', false, knows({ generation: '2.a', streamId: '6-0' }))] }],
    ['one that left in order', { rows: [row('left', true, knows({ generation: '2.a', streamId: '6-0' }))] }],
  ])('ends the epochs at once when %s has seen more, whoever has not spoken', async (_, given) => {
    const { prove, verdicts, done } = setUp({
      ...given,
      rows: [...('rows' in given ? given.rows : []), row('silent', false)],
    });
    await prove();
    expect(verdicts).toMatchObject([{ because: 'stepped-back' }]);
    expect(verdicts[0]?.generation).toMatch(/^3\../);
    expect(done).toHaveLength(2);
  });

  it.each([
    ['that this one knew of', { own: knows(HERE, ['own', 'other']) }],
    ['that another one knew of', { reports: { third: knows(HERE, ['other']) } }],
    ['that SQL knows of', { rows: [row('other', false, knows(HERE))] }],
  ])('waits for a life %s, and calls once', async (_, given) => {
    let waited = 0;
    const { prove, verdicts, done, say } = setUp({
      ...given,
      look: (looks) => {
        waited = looks;
        expect(verdicts).toEqual([]);
        if (looks === 3) say('other', knows(HERE));
      },
    });
    await prove();
    expect(waited).toBe(3);
    expect(verdicts).toEqual([unbroken]);
    expect(done).toEqual(['report to s2', 'call']);
  });

  it('hears what such a life says', async () => {
    const { prove, verdicts, say } = setUp({
      own: knows(HERE, ['other']),
      look: (looks) => void (looks === 2 && say('other', knows({ generation: '2.a', streamId: '9-0' }))),
    });
    await prove();
    expect(verdicts).toMatchObject([{ because: 'stepped-back' }]);
  });

  it('does not wait for one that left in order, also when it does so only now', async () => {
    const rows = [row('other', false, knows(HERE))];
    const { prove, verdicts } = setUp({
      own: knows(HERE, ['other']),
      rows,
      look: (looks) => void (looks === 2 && (rows[0] = row('other', true, knows(HERE)))),
    });
    await prove();
    expect(verdicts).toEqual([unbroken]);
  });

  it('waits for one that left without a word of what it saw', async () => {
    const { prove, verdicts, say } = setUp({
      rows: [row('other', true, undefined)],
      own: knows(HERE, ['other']),
      look: (looks) => void (looks === 3 && say('other', knows({ generation: '2.a', streamId: '9-0' }))),
    });
    await prove();
    expect(verdicts).toMatchObject([{ because: 'stepped-back' }]);
  });

  it.each([
    ['believes a server that loses nothing', { losesNothing: true }, 'unbroken'],
    ['ends the epochs of one that may have lost some', { losesNothing: false }, 'unknown'],
    [
      'ends those of one that was promoted, whatever it says',
      { losesNothing: true, promoted: true },
      'unknown',
    ],
  ])('after three seconds without an answer %s', async (_, given, because) => {
    const pass = fakeClock();
    const { prove, verdicts } = setUp({
      own: knows(HERE, ['other']),
      ...given,
      look: (looks) => {
        if (looks === 1) pass(WITNESS_WAIT_MS);
        if (looks === 2) {
          expect(verdicts).toEqual([]);
          pass(1);
        }
      },
    });
    await prove();
    expect(verdicts).toMatchObject([{ because }]);
  });

  it('goes by what was said when SQL does not answer', async () => {
    const { prove, verdicts, livesInSql } = setUp({ own: knows(HERE, ['own']) });
    livesInSql.mockResolvedValue(undefined);
    await prove();
    expect(verdicts).toEqual([unbroken]);
  });

  it('says it again to a server that comes back meanwhile', async () => {
    const { prove, done, say, state } = setUp({
      own: knows(HERE, ['other']),
      look: (looks) => {
        if (looks === 1) state.serverId = 's3';
        if (looks === 3) say('other', knows(HERE));
      },
    });
    await prove();
    expect(done).toEqual(['report to s2', 'call', 'report to s3', 'call']);
  });

  it('tells nobody of a verdict that another one was first to give', async () => {
    const { prove, decide, verdicts, state } = setUp({});
    decide.mockImplementationOnce(async () => {
      state.provenOn = state.serverId;
      return false;
    });
    await prove();
    expect(verdicts).toEqual([]);
  });
});
