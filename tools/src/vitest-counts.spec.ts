import { describe, expect, it } from 'vitest';
import { countStage, countTests, totalsLine } from '../lib/vitest-counts.mjs';

const passing = [' Test Files  2 passed (2)', '      Tests  12 passed (12)', '   Start at  10:00:00'].join(
  '\n',
);

describe('countTests', () => {
  it('adds up every run, with or without a project name in front', () => {
    const prefixed = 'framing:       Tests  1 failed | 3 passed | 2 skipped | 1 todo (7)';
    expect(countTests(`${passing}\n${prefixed}`)).toEqual({ passed: 15, failed: 1, skipped: 3 });
  });

  it('reads through colours', () => {
    expect(
      countTests('\x1b[2m      Tests \x1b[22m \x1b[1m\x1b[32m4 passed\x1b[39m\x1b[22m\x1b[90m (4)\x1b[39m')
        .passed,
    ).toBe(4);
  });

  it('is not fooled by test files, errors and prose', () => {
    expect(countTests('Test Files  3 failed (3)\nErrors  1 error\nTests are good: 5 passed')).toEqual({
      passed: 0,
      failed: 0,
      skipped: 0,
    });
  });
});

describe('countStage', () => {
  it('counts a failed stage without a failed test as one failure', () => {
    expect(countStage({ ok: false, output: passing, hasTests: true })).toEqual({
      passed: 12,
      failed: 1,
      skipped: 0,
    });
  });

  it('counts a suite that ran nothing as a failure', () => {
    const output = 'No test files found, exiting with code 0';
    expect(countStage({ ok: true, output, hasTests: true }).failed).toBe(1);
  });

  it('counts a static check as one', () => {
    expect(countStage({ ok: true, output: '', hasTests: false })).toEqual({
      passed: 1,
      failed: 0,
      skipped: 0,
    });
    expect(countStage({ ok: false, output: '', hasTests: false })).toEqual({
      passed: 0,
      failed: 1,
      skipped: 0,
    });
  });
});

describe('totalsLine', () => {
  it('names skipped tests only when there are some', () => {
    expect(totalsLine({ passed: 3, failed: 0, skipped: 0 })).toBe('3 passed, 0 failed');
    expect(totalsLine({ passed: 3, failed: 1, skipped: 2 })).toBe('3 passed, 1 failed, 2 skipped');
  });
});
