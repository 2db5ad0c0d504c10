import path from 'node:path';
import { parseArgs } from 'node:util';
import { createOutput } from '../lib/output.mjs';
import { endRunningCommands, runCommand } from '../lib/run-command.mjs';
import { UserError, dataDir, root } from '../lib/workspace.mjs';
import { mutatedFolders, shortName } from './folders.mjs';
import { readJudgements, rememberScores, writeDocument } from './results.mjs';
import { judgementOf, readReport, scoresOf, survivorsOf } from './survivors.mjs';

const help = `npm run mutate [-- <project or path> ... options]

Puts small bugs into the code, one at a time, and sees whether the project's unit and integration tests
fail. Without a project: all of ${mutatedFolders.map(({ project }) => shortName(project)).join(', ')}, and lua.
A path takes one file or folder: npm run mutate -- libs/queue/src/shard-owner.ts

  --one-in N    a sample: one mutant in N, always the same ones
  --specs DIR   only the specs in this folder below src/: much quicker, and what they miss others may find
  --apart       a process for each mutant: slower, for specs that crash in threads, as SQLite's driver does
  --workers N   at a time (2)
  --anew        forget earlier results; without it only what changed is tried again
  --write       put the scores into docs/mutation.md
  --help        this text

Every survivor is listed with its line. It wants a test, or a judgement in tools/mutation/judgements.
Hours for all of it: a mutant costs one to three seconds of processor time.`;

/** @param {string[]} args */
export async function mutate(args) {
  const options = parseOptions(args);
  if (options.help) return void process.stdout.write(`${help}\n`);
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.once(signal, () => void endRunningCommands().finally(() => process.exit(130)));
  }
  /** @type {(Target | 'lua')[]} */
  const targets = options.targets.length > 0 ? options.targets : ['lua', ...mutatedFolders.map(whole)];
  const out = createOutput({ totalSteps: targets.length });
  let unjudged = 0;
  for (const target of targets) {
    const step = out.step(target === 'lua' ? 'lua' : shortName(target.project));
    step.work('running');
    const result = target === 'lua' ? await lua(step) : await typescript(target, options);
    step.done(`${result.killed} killed, ${result.survivors.length} not judged`);
    for (const line of result.survivors) out.line(`  ${line}`);
    unjudged += result.survivors.length;
    if (options.write)
      rememberScores(
        result.name,
        result.folders.map((folder) => ({ ...folder, oneIn: options.oneIn })),
      );
  }
  if (options.write) await writeDocument();
  if (unjudged > 0) process.exitCode = 1;
}

/**
 * @typedef {{ project: string, files: string[] }} Target `files`: globs below the workspace root.
 * @typedef {import('./survivors.mjs').FolderScore} FolderScore
 * @typedef {{ name: string, killed: number, survivors: string[], folders: FolderScore[] }} Result
 */

/** @param {import('./folders.mjs').MutatedFolders} mutated @returns {Target} */
const whole = ({ project, folders }) => ({
  project,
  files: folders.map((folder) => `${project}/${folder}/**/*.ts`),
});

/**
 * @param {Target} target
 * @param {{ oneIn: number, workers: number, specs: string, anew: boolean, apart: boolean }} options
 * @returns {Promise<Result>}
 */
async function typescript({ project, files }, { oneIn, workers, specs, anew, apart }) {
  const name = shortName(project);
  const logFile = path.join(dataDir, 'test-logs', `mutate-${name}.log`);
  const stryker = path.join(root, 'node_modules/@stryker-mutator/core/bin/stryker.js');
  const ran = await runCommand(process.execPath, [stryker, 'run', 'tools/mutation/stryker.config.mjs'], {
    cwd: root,
    logFile,
    env: {
      ...process.env,
      MUTATE_PROJECT: project,
      MUTATE_FILES: files.join(' '),
      MUTATE_ONE_IN: String(oneIn),
      MUTATE_WORKERS: String(workers),
      MUTATE_SPECS: specs,
      MUTATE_ANEW: anew ? '1' : '0',
      MUTATE_APART: apart ? '1' : '0',
    },
  });
  if (!ran.ok)
    throw new UserError(`${name}: Stryker ended with an error\n${ran.output.slice(-3000)}\n${logFile}`);
  const report = readReport(path.join(root, 'reports/mutation', `${name}.json`));
  const judgements = readJudgements(name);
  const folders = scoresOf(report, judgements);
  return {
    name,
    killed: folders.reduce((sum, { killed }) => sum + killed, 0),
    survivors: survivorsOf(report)
      .filter((survivor) => !judgementOf(survivor, judgements))
      .map(
        ({ file, line, mutator, original, replacement, covered }) =>
          `${file}:${line} ${mutator}${covered ? '' : ' (never run)'}: ${original.slice(0, 90)}  =>  ${replacement.slice(0, 90)}`,
      ),
    folders,
  };
}

/** @param {{ work: (what: string) => void }} step @returns {Promise<Result>} */
async function lua(step) {
  const { mutateLua } = await import('./lua.mjs');
  const results = await mutateLua({ log: (line) => step.work(line) });
  const survived = results.filter(({ status }) => status === 'survived');
  const judged = survived.filter(({ mutant }) => mutant.survives !== undefined);
  const killed = results.length - survived.length;
  return {
    name: 'lua',
    killed,
    survivors: survived
      .filter((result) => !judged.includes(result))
      .map(({ script, mutant }) => `${script}.lua: ${mutant.find}  =>  ${mutant.replace}  (${mutant.why})`),
    folders: [
      {
        folder: 'libs/redis/src/scripts',
        killed,
        survived: survived.length,
        judged: judged.length,
      },
    ],
  };
}

/** @param {string[]} args */
function parseOptions(args) {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        'one-in': { type: 'string', default: '1' },
        workers: { type: 'string', default: '2' },
        specs: { type: 'string', default: '' },
        anew: { type: 'boolean', default: false },
        apart: { type: 'boolean', default: false },
        write: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    return {
      targets: positionals.map(targetOf),
      oneIn: positiveInteger('--one-in', values['one-in']),
      workers: positiveInteger('--workers', values.workers),
      specs: values.specs,
      anew: values.anew,
      apart: values.apart,
      write: values.write,
      help: values.help,
    };
  } catch (error) {
    throw new UserError(`${/** @type {Error} */ (error).message}\nSee: npm run mutate -- --help`);
  }
}

/** @param {string} given @returns {Target | 'lua'} */
function targetOf(given) {
  if (given === 'lua') return 'lua';
  const file = given.replace(/\/$/, '');
  const named = mutatedFolders.find(({ project }) => project === file || shortName(project) === file);
  if (named) return whole(named);
  const [group, name, ...rest] = file.split('/');
  if ((group === 'apps' || group === 'libs') && name && rest.length > 0)
    return { project: `${group}/${name}`, files: [file.endsWith('.ts') ? file : `${file}/**/*.ts`] };
  throw new Error(`there is no project "${given}" among those that are mutated`);
}

/** @param {string} option @param {string} text */
function positiveInteger(option, text) {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new Error(`${option} takes a whole number from 1`);
  return number;
}
