import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { createVitest } from 'vitest/node';
import { renderScripts } from '../lib/lua-codegen.mjs';
import { UserError, root } from '../lib/workspace.mjs';
import { applyLuaMutant } from './lua-mutant.mjs';
import { luaMutants, specsOfScript } from './lua-mutants.mjs';

const project = path.join(root, 'libs/redis');
const scriptsDir = path.join(project, 'src/scripts');
const generated = path.join(project, 'src/generated/scripts.ts');
/** A test that hangs with a bug is one that fails with it, milliseconds. */
const TEST_TIMEOUT_MS = 15_000;

/**
 * @typedef {import('./lua-mutant.mjs').LuaMutant} LuaMutant
 * @typedef {object} LuaOptions
 * @property {(line: string) => void} log
 * @property {string} [only] part of the names of the scripts to take. All by default
 * @property {readonly LuaMutant[]} [mutants] The list by default
 *
 * @typedef {{ script: string, mutant: LuaMutant, status: 'killed' | 'survived', killedBy?: string }} LuaResult
 */

/**
 * Puts each bug of the list into its script, one at a time, and runs the specs of `libs/redis` that use the script until one
 * fails. The working tree is not touched: the specs are served a generated module with the bug in it.
 *
 * @param {LuaOptions} options
 * @returns {Promise<LuaResult[]>}
 * @throws {UserError} before anything runs, when a mutant does not fit its script; and when the specs fail without any.
 */
export async function mutateLua({ log, only = '', mutants = luaMutants }) {
  const files = readdirSync(scriptsDir)
    .filter((file) => file.endsWith('.lua'))
    .sort()
    .map((file) => ({ file, text: readFileSync(path.join(scriptsDir, file), 'utf8') }));
  const chosen = mutants.filter(({ script }) => script.includes(only));
  if (chosen.length === 0) throw new UserError(`no mutant of a script called ${only}`);
  const jobs = chosen.map((mutant) => ({ mutant, source: withBug(files, mutant) }));

  const scripts = [...new Set(chosen.map(({ script }) => script))];
  const failing = await firstFailure(renderScripts(files), [...new Set(scripts.flatMap(specsOf))]);
  if (failing !== undefined) throw new UserError(`without any mutant: ${failing} fails`);

  /** @type {LuaResult[]} */
  const results = [];
  for (const { mutant, source } of jobs) {
    const { script } = mutant;
    const killedBy = await firstFailure(source, specsOf(script));
    const status = killedBy === undefined ? 'survived' : 'killed';
    results.push({ script, mutant, status, ...(killedBy !== undefined && { killedBy }) });
    log(`${results.length}/${jobs.length} ${status} ${script}: ${mutant.why}`);
    log(killedBy === undefined ? `    ${mutant.survives ?? mutant.find}` : `    by ${killedBy}`);
  }
  return results;
}

/**
 * @param {readonly import('../lib/lua-codegen.mjs').LuaFile[]} files
 * @param {LuaMutant} mutant
 * @returns {string} the generated module with the bug
 */
function withBug(files, mutant) {
  const wanted = `${mutant.script}.lua`;
  if (!files.some(({ file }) => file === wanted)) throw new UserError(`there is no script ${wanted}`);
  return renderScripts(
    files.map(({ file, text }) => ({ file, text: file === wanted ? applyLuaMutant(text, mutant) : text })),
  );
}

/** @param {string} script */
function specsOf(script) {
  const specs = specsOfScript[script];
  if (!specs) throw new UserError(`${script}: which specs use it? See specsOfScript`);
  return specs;
}

/**
 * @param {string} source of the generated module
 * @param {readonly string[]} specs parts of file names
 * @returns {Promise<string | undefined>} what failed first; undefined when all passed
 */
async function firstFailure(source, specs) {
  const before = process.exitCode;
  const vitest = await createVitest(
    'test',
    {
      // That of the suites has a reporter that speaks, and a set-up file that needs it.
      config: false,
      root: project,
      include: ['src/**/*.{int-spec,fault-spec}.ts'],
      fileParallelism: false,
      watch: false,
      bail: 1,
      reporters: [{}],
      testTimeout: TEST_TIMEOUT_MS,
      hookTimeout: TEST_TIMEOUT_MS,
    },
    {
      plugins: [
        { name: 'lua-mutant', enforce: 'pre', load: (id) => (id === generated ? source : undefined) },
      ],
    },
  );
  try {
    const { testModules, unhandledErrors } = await vitest.start(specs.map((spec) => `src/${spec}`));
    const tests = testModules.flatMap((module) => [...module.children.allTests()]);
    if (tests.length === 0) {
      const [error] = testModules.flatMap((module) => module.errors());
      throw new UserError(`no test ran of ${specs.join(', ')}: ${error?.message ?? 'no such file'}`);
    }
    const failed = tests.find((test) => test.result().state === 'failed');
    if (failed) return `${path.basename(failed.module.moduleId)}: ${failed.fullName}`;
    const broken = testModules.find((module) => module.state() === 'failed');
    if (broken) return path.basename(broken.moduleId);
    return unhandledErrors.length > 0 ? 'an error that nobody handled' : undefined;
  } finally {
    await vitest.close();
    // Set by failed tests, which are what is wanted here.
    process.exitCode = before;
  }
}
