import path from 'node:path';
import { parseArgs } from 'node:util';
import { findTestBrowser } from './chromium.mjs';
import { ensureDependencies } from './dependencies.mjs';
import { createOutput } from './output.mjs';
import { findServerBinary, installHints } from './redis/server-binary.mjs';
import { endRunningCommands } from './run-command.mjs';
import { runOneFile, stageOf } from './run-one-file.mjs';
import { failureList, runStages, sum, summaryTable } from './run-stages.mjs';
import { testStages } from './stages.mjs';
import { totalsLine } from './vitest-counts.mjs';
import { UserError } from './workspace.mjs';

const stageNames = testStages.map(({ name }) => name);
const help = `npm test [-- options] [-- file [-t name]]

Installs what is missing, then runs everything: ${stageNames.join(', ')}.
Every stage runs, whatever fails; the whole output is in .data/test-logs

  file         this spec file alone, its output as it comes (from the root: libs/queue/src/read-plan.spec.ts)
  -t name      of that file the tests with this in their names
  --only a,b   these stages only (and for e2e, the build)
  --help       this text

Needs a Redis server program (found, or unpacked without root) and Chromium or
its headless shell (on PATH, or PARLEY_CHROMIUM=/path/to/chrome). Where
Postgres is installed, what concerns SQL runs on it too; elsewhere that is
reported as skipped.`;

/** @param {string[]} args */
export async function test(args) {
  const options = parseOptions(args);
  if (options.help) return void process.stdout.write(`${help}\n`);
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.once(signal, () => void endRunningCommands().finally(() => process.exit(130)));
  }
  if (options.file !== undefined) {
    const env = await prepare([stageOf(options.file)]);
    process.exitCode = await runOneFile(options.file, options.name, env);
    return;
  }
  const stages = testStages.filter(({ name }) => options.only.some((wanted) => isPartOf(name, wanted)));
  const env = await prepare(options.only);
  const results = await runStages(stages, env);
  const total = sum(results);
  const lines = ['', ...failureList(results), '', ...summaryTable(results), '', totalsLine(total)];
  process.stdout.write(`${lines.join('\n')}\n`);
  if (total.failed > 0 || total.passed === 0) process.exitCode = 1;
}

/**
 * Whether a stage runs when another is asked for: itself, and the build of the apps that the end-to-end tests start.
 *
 * @param {string} name
 * @param {string} wanted
 */
const isPartOf = (name, wanted) => name === wanted || (name === 'build' && wanted === 'e2e');

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
    env.PARLEY_CHROMIUM = await findTestBrowser();
    step.done(env.PARLEY_CHROMIUM);
  } else step.done('not needed');
  return env;
}

/** @param {string[]} args */
function parseOptions(args) {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        only: { type: 'string' },
        name: { type: 'string', short: 't' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const [file, another] = positionals;
    if (another !== undefined) throw new Error('one file at a time');
    if (values.name !== undefined && file === undefined) throw new Error('-t needs the file of the test');
    const only = values.only?.split(',').map((name) => name.trim()) ?? stageNames;
    const unknown = only.find((name) => !stageNames.includes(name));
    if (unknown !== undefined)
      throw new Error(`there is no stage "${unknown}"; the stages are ${stageNames.join(', ')}`);
    return { only, file, name: values.name, help: values.help };
  } catch (error) {
    throw new UserError(`${/** @type {Error} */ (error).message}\nSee: npm test -- --help`);
  }
}
