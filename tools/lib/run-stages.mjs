import { rmSync } from 'node:fs';
import path from 'node:path';
import { describeFailedTest, readFailedTests } from './failed-tests.mjs';
import { withNxEnv } from './nx.mjs';
import { createOutput, duration } from './output.mjs';
import { runCommand } from './run-command.mjs';
import { countStage, totalsLine } from './vitest-counts.mjs';
import { dataDir, root } from './workspace.mjs';

export const logDir = path.join(dataDir, 'test-logs');
const shownLines = 150;

/**
 * @typedef {object} CheckResult
 * @property {string} name
 * @property {boolean} ok
 * @property {import('./vitest-counts.mjs').Counts} counts
 * @property {import('./failed-tests.mjs').FailedTest[]} failedTests
 * @property {number} elapsedMs
 */

/**
 * Runs every check of every stage in their order, whatever fails. Of what fails it shows the tests, each with
 * the command that runs it alone, then the end of the output.
 *
 * @param {import('./stages.mjs').Stage[]} stages
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<CheckResult[]>}
 */
export async function runStages(stages, env) {
  const groups = stages.flatMap((stage) => stage.checks).map((checks) => [checks].flat());
  const out = createOutput({ totalSteps: groups.length });
  /** @type {CheckResult[]} */
  const results = [];
  for (const group of groups) {
    const step = out.step(group.map(({ name }) => name).join(', '));
    step.work('running');
    const runs = await Promise.all(group.map((check) => runCheck(check, env)));
    const totals = runs.filter(({ hasTests }) => hasTests).map(({ result }) => totalsLine(result.counts));
    const failed = runs.filter(({ result }) => !result.ok);
    step.done(failed.length > 0 ? out.paint('red', 'FAILED') : totals.join(', ') || 'ok');
    for (const { result, output, logFile } of failed) {
      for (const test of result.failedTests)
        for (const line of describeFailedTest(test)) out.line(`  ${line}`);
      const shown = output.trimEnd().split('\n').slice(-shownLines);
      out.line(`--- ${result.name}: the last ${shown.length} lines of ${path.relative(root, logFile)}`);
      for (const line of shown) out.line(`  ${line}`);
      out.line('---');
    }
    results.push(...runs.map(({ result }) => result));
  }
  return results;
}

/** @param {import('./stages.mjs').Check} check @param {NodeJS.ProcessEnv} env */
async function runCheck({ name, args, timeoutMs, hasTests }, env) {
  const fileName = name.replaceAll(/\W+/g, '-');
  const logFile = path.join(logDir, `${fileName}.log`);
  const failedTestsDir = path.join(logDir, `${fileName}-failed`);
  rmSync(failedTestsDir, { recursive: true, force: true });
  const ran = await runCommand(process.execPath, args, {
    cwd: root,
    env: withNxEnv({ ...env, PARLEY_FAILED_TESTS: failedTestsDir }),
    logFile,
    timeoutMs,
  });
  const counts = countStage({ ok: ran.ok, output: ran.output, hasTests });
  const failedTests = readFailedTests(failedTestsDir);
  /** @type {CheckResult} */
  const result = { name, ok: counts.failed === 0, counts, failedTests, elapsedMs: ran.elapsedMs };
  const output = hasTests && ran.ok && !result.ok ? `${ran.output.trimEnd()}\n(no test ran)` : ran.output;
  return { result, output, logFile, hasTests };
}

/**
 * @param {CheckResult[]} results
 * @returns {string[]} every failed test of all checks again, for the end of a long output; nothing if all passed.
 */
export function failureList(results) {
  const failed = results.flatMap(({ failedTests }) => failedTests).flatMap(describeFailedTest);
  return failed.length === 0 ? [] : ['What failed:', ...failed];
}

/**
 * @param {CheckResult[]} results
 * @returns {string[]} one row per check.
 */
export function summaryTable(results) {
  const rows = results.map(({ name, ok, counts, elapsedMs }) => [
    name,
    ok ? 'ok' : 'FAILED',
    String(counts.passed),
    String(counts.failed),
    String(counts.skipped),
    duration(elapsedMs),
  ]);
  const table = [['', 'result', 'passed', 'failed', 'skipped', 'time'], ...rows];
  const widths =
    table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  return table.map((row) =>
    row.map((cell, i) => (i < 2 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
  );
}

/**
 * @param {CheckResult[]} results
 * @returns {import('./vitest-counts.mjs').Counts}
 */
export function sum(results) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const { counts } of results) {
    total.passed += counts.passed;
    total.failed += counts.failed;
    total.skipped += counts.skipped;
  }
  return total;
}
