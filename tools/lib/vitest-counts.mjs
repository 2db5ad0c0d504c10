/**
 * @typedef {{ passed: number, failed: number, skipped: number }} Counts
 */

/** Colours and cursor movements. */
const escapes = /\x1b\[[0-9;?]*[A-Za-z]/g;

/**
 * Adds up every `Tests  12 passed | 1 failed | 2 skipped (15)` that vitest printed; Nx prints it again for
 * a result from its cache, with or without the project's name in front.
 *
 * @param {string} output
 * @returns {Counts} todo counts as skipped; zero everywhere when there is no such line.
 */
export function countTests(output) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const line of output.replaceAll(escapes, '').split('\n')) {
    const summary = /(?:^|\s)Tests {2,}(\d+ (?:passed|failed|skipped|todo).*)$/.exec(line)?.[1];
    for (const [, number, kind] of summary?.matchAll(/(\d+) (passed|failed|skipped|todo)/g) ?? []) {
      counts[kind === 'passed' ? 'passed' : kind === 'failed' ? 'failed' : 'skipped'] += Number(number);
    }
  }
  return counts;
}

/**
 * The counts of a finished stage. A stage that failed without a failed test (a crash, an unhandled
 * rejection, a time limit) counts as one failure; a stage that had to run tests and ran none, too.
 *
 * @param {{ ok: boolean, output: string, hasTests: boolean }} stage
 * @returns {Counts}
 */
export function countStage({ ok, output, hasTests }) {
  if (!hasTests) return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 };
  const counts = countTests(output);
  const ranNothing = counts.passed + counts.failed === 0;
  if (counts.failed === 0 && (!ok || ranNothing)) counts.failed = 1;
  return counts;
}

/**
 * @param {Counts} counts
 * @returns {string} the last line of `npm test`.
 */
export function totalsLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
