import { describe, expect, it } from 'vitest';
import { isSampled } from '../mutation/sample.mjs';
import { judgementOf, scoresOf, survivorsOf } from '../mutation/survivors.mjs';

const at = (line: number, from: number, to: number) => ({
  start: { line, column: from },
  end: { line, column: to },
});

const report = {
  files: {
    'libs/x/src/b.ts': {
      source: 'const one = 1;\n  if (a < b) return;\n',
      mutants: [
        {
          mutatorName: 'EqualityOperator',
          replacement: 'a <= b',
          status: 'Survived',
          location: at(2, 7, 12),
        },
        {
          mutatorName: 'ConditionalExpression',
          replacement: 'true',
          status: 'NoCoverage',
          location: at(2, 7, 12),
        },
        {
          mutatorName: 'ConditionalExpression',
          replacement: 'false',
          status: 'Killed',
          location: at(2, 7, 12),
        },
        { mutatorName: 'BlockStatement', replacement: '{}', status: 'Timeout', location: at(1, 1, 2) },
        { mutatorName: 'BlockStatement', replacement: '{}', status: 'CompileError', location: at(1, 1, 2) },
        { mutatorName: 'BlockStatement', replacement: '{}', status: 'Ignored', location: at(1, 1, 2) },
      ],
    },
  },
} as const satisfies Record<string, unknown>;
const judgement = {
  file: 'libs/x/src/b.ts',
  code: 'if (a < b)',
  mutant: '<=',
  why: 'equal ones are refused before',
};

describe('a report of mutants', () => {
  it('has as survivors what was not noticed and what was never run, with the code they stand for', () => {
    expect(survivorsOf(structuredClone(report) as never)).toEqual([
      expect.objectContaining({ line: 2, code: 'if (a < b) return;', original: 'a < b', covered: true }),
      expect.objectContaining({ line: 2, replacement: 'true', covered: false }),
    ]);
  });

  it('counts what hangs as killed, and what was not tried not at all', () => {
    expect(scoresOf(structuredClone(report) as never, [])).toEqual([
      { folder: 'libs/x/src', killed: 2, survived: 2, judged: 0 },
    ]);
  });

  it('finds a judgement by file, text of the line and mutant', () => {
    const [lessOrEqual, always] = survivorsOf(structuredClone(report) as never);
    expect(judgementOf(lessOrEqual!, [judgement])).toBe(judgement);
    expect(judgementOf(always!, [judgement])).toBeUndefined();
    expect(judgementOf(lessOrEqual!, [{ ...judgement, file: 'libs/x/src/c.ts' }])).toBeUndefined();
    expect(judgementOf(lessOrEqual!, [{ ...judgement, code: 'if (b < a)' }])).toBeUndefined();
    expect(judgementOf(always!, [{ ...judgement, mutant: 'ConditionalExpression' }])).toBeDefined();
    expect(scoresOf(structuredClone(report) as never, [judgement])[0]?.judged).toBe(1);
  });
});

describe('a sample of mutants', () => {
  const mutants = Array.from({ length: 4_000 }, (_, i) => ({
    fileName: `/tree/libs/x/src/f${i % 7}.ts`,
    mutatorName: 'BlockStatement',
    replacement: '{}',
    location: at(i, 3, 9),
  }));

  it('is all of them when one in one is taken', () => {
    expect(mutants.every((mutant) => isSampled(mutant, 1))).toBe(true);
  });

  it('takes about its share, and the same ones wherever the tree is', () => {
    const taken = mutants.filter((mutant) => isSampled(mutant, 4, '/tree/'));
    expect(taken.length).toBeGreaterThan(850);
    expect(taken.length).toBeLessThan(1_150);
    const moved = mutants.map((mutant) => ({
      ...mutant,
      fileName: mutant.fileName.replace('/tree/', '/elsewhere/'),
    }));
    expect(moved.filter((mutant) => isSampled(mutant, 4, '/elsewhere/'))).toHaveLength(taken.length);
  });
});
