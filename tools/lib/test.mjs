import path from 'node:path';
import { parseArgs } from 'node:util';
import { findChromium } from './chromium.mjs';
import { ensureDependencies } from './dependencies.mjs';
import { createOutput } from './output.mjs';
import { findServerBinary, installHints } from './redis/server-binary.mjs';
import { endRunningCommands } from './run-command.mjs';
import { runStages, sum, summaryTable } from './run-stages.mjs';
import { testStages } from './stages.mjs';
import { totalsLine } from './vitest-counts.mjs';
import { UserError } from './workspace.mjs';

const stageNames = testStages.map(({ name }) => name);
const help = `npm test [-- options]

Installs what is missing, then runs everything: ${stageNames.join(', ')}.
Every stage runs, whatever fails; the whole output is in .data/test-logs

  --only a,b   these stages only
  --help       this text

Needs a Redis server program (found, or unpacked without root) and Chromium
(on PATH, or PARLEY_CHROMIUM=/path/to/chrome). Where Postgres is installed,
what concerns SQL runs on it too; elsewhere that is reported as skipped.`;

/** @param {string[]} args */
export async function test(args) {
  const options = parseOptions(args);
  if (options.help) return void process.stdout.write(`${help}\n`);
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.once(signal, () => void endRunningCommands().finally(() => process.exit(130)));
  }
  const stages = testStages.filter(({ name }) => options.only.includes(name));
  const env = await prepare(options.only);
  const results = await runStages(stages, env);
  const total = sum(results);
  process.stdout.write(`\n${summaryTable(results).join('\n')}\n\n${totalsLine(total)}\n`);
  if (total.failed > 0 || total.passed === 0) process.exitCode = 1;
}

/**
 * @param {string[]} only stages that will run: nothing is asked for that they do not need.
 * @returns {Promise<NodeJS.ProcessEnv>}
 */
async function prepare(only) {
  const out = createOutput({ totalSteps: 3 });
  let step = out.step('dependencies');
  await ensureDependencies(step);

  const env = { ...process.env };
  step = out.step('redis');
  const redisStep = step;
  const bin = await findServerBinary({ say: (what) => redisStep.work(what) });
  if (bin) {
    step.done(bin);
    // In front, because it may not be on PATH; the tests look there.
    env.PATH = [path.dirname(bin), env.PATH].filter(Boolean).join(path.delimiter);
  } else if (only.some((name) => name === 'integration' || name === 'e2e')) {
    step.stop();
    throw new UserError(
      ['No Redis server program was found; the tests start their own.', ...installHints].join('\n'),
    );
  } else step.done('none, and none needed');

  step = out.step('chromium');
  if (only.includes('e2e')) {
    env.PARLEY_CHROMIUM = await findChromium();
    step.done(env.PARLEY_CHROMIUM);
  } else step.done('not needed');
  return env;
}

/** @param {string[]} args */
function parseOptions(args) {
  try {
    const { values } = parseArgs({
      args,
      options: { only: { type: 'string' }, help: { type: 'boolean', short: 'h', default: false } },
    });
    const only = values.only?.split(',').map((name) => name.trim()) ?? stageNames;
    const unknown = only.find((name) => !stageNames.includes(name));
    if (unknown !== undefined)
      throw new Error(`there is no stage "${unknown}"; the stages are ${stageNames.join(', ')}`);
    return { only, help: values.help };
  } catch (error) {
    throw new UserError(`${/** @type {Error} */ (error).message}\nSee: npm test -- --help`);
  }
}
