import { describe, expect, it } from 'vitest';
import { describeFailedTest, readFailedTests } from '../lib/failed-tests.mjs';
import { namePattern, stageOf } from '../lib/run-one-file.mjs';

describe('a failed test', () => {
  it('is shown with its reason and the command that runs it alone', () => {
    const file = 'libs/queue/src/read-plan.spec.ts';
    const failed = { file, name: "a plan > isn't empty", message: 'expected 1 to be 2' };
    expect(describeFailedTest(failed)).toEqual([
      "libs/queue/src/read-plan.spec.ts > a plan > isn't empty",
      '  expected 1 to be 2',
      `  npm test -- ${file} -t 'a plan > isn'\\''t empty'`,
    ]);
    expect(describeFailedTest({ ...failed, at: 'libs/testing/src/eventually.ts:12' })[1]).toBe(
      '  expected 1 to be 2 (libs/testing/src/eventually.ts:12)',
    );
  });

  it('is the whole file when that does not load, or hangs between two tests', () => {
    const file = 'e2e/src/chaos.e2e-spec.ts';
    expect(describeFailedTest({ file, message: 'x' }).at(-1)).toBe(`  npm test -- ${file}`);
    expect(
      describeFailedTest({ file, name: '(loading the file, or its beforeAll)', message: 'x' }).at(-1),
    ).toBe(`  npm test -- ${file}`);
  });

  it('is an error alone when no file is known', () => {
    expect(describeFailedTest({ message: 'nobody handled: x' })).toEqual(['nobody handled: x']);
  });

  it('is none where no run left any', () => {
    expect(readFailedTests('/nowhere/at/all')).toEqual([]);
  });
});

describe('one test alone', () => {
  it.each([
    ['libs/x/src/a.spec.ts', 'unit'],
    ['apps/web/src/a.spec.tsx', 'unit'],
    ['libs/x/src/a.int-spec.ts', 'integration'],
    ['libs/x/src/a.fault-spec.ts', 'integration'],
    ['e2e/src/a.e2e-spec.ts', 'e2e'],
  ])('%s runs as in the stage %s', (file, stage) => {
    expect(stageOf(file)).toBe(stage);
  });

  it('refuses what is no test', () => {
    expect(() => stageOf('libs/x/src/a.ts')).toThrow('is no test');
  });

  it('is found by the name that reports print, whatever signs are in it', () => {
    const pattern = new RegExp(namePattern('a suite > costs $5 (or > 4) > [x]'));
    expect(pattern.test('a suite costs $5 (or > 4) [x]')).toBe(true);
    expect(pattern.test('a suite costs $5 or > 4 [x]')).toBe(false);
  });
});
