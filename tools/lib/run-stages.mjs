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
 * Runs every check of every stage, one after the other, whatever fails. Of what fails it shows the tests, each with
 * the command that runs it alone, then the end of the output.
 *
 * @param {import('./stages.mjs').Stage[]} stages
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<CheckResult[]>}
 */
export async function runStages(stages, env) {
  const checks = stages.flatMap((stage) => stage.checks);
  const out = createOutput({ totalSteps: checks.length });
  /** @type {CheckResult[]} */
  const results = [];
  for (const check of checks) {
    const step = out.step(check.name);
    step.work('running');
    const logFile = path.join(logDir, `${check.name.replaceAll(' ', '-')}.log`);
    const { timeoutMs, hasTests } = check;
    const failedTestsDir = path.join(logDir, `${check.name.replaceAll(' ', '-')}-failed`);
    rmSync(failedTestsDir, { recursive: true, force: true });
    const ran = await runCommand(process.execPath, check.args, {
      cwd: root,
      env: withNxEnv({ ...env, PARLEY_FAILED_TESTS: failedTestsDir }),
      logFile,
      timeoutMs,
    });
    const counts = countStage({ ok: ran.ok, output: ran.output, hasTests });
    const ok = counts.failed === 0;
    step.done(ok ? (hasTests ? totalsLine(counts) : 'ok') : out.paint('red', 'FAILED'));
    const failedTests = readFailedTests(failedTestsDir);
    results.push({ name: check.name, ok, counts, failedTests, elapsedMs: ran.elapsedMs });
    if (ok) continue;
    for (const failed of failedTests) for (const line of describeFailedTest(failed)) out.line(`  ${line}`);
    const lines = ran.output.trimEnd().split('\n');
    const shown = lines.slice(-shownLines);
    if (hasTests && ran.ok) shown.push('(no test ran)');
    out.line(`--- ${check.name}: the last ${shown.length} lines of ${path.relative(root, logFile)}`);
    for (const line of shown) out.line(`  ${line}`);
    out.line('---');
  }
  return results;
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
