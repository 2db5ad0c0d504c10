import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { nxEntry, withNxEnv } from './nx.mjs';
import { runCommand } from './run-command.mjs';
import { UserError, root } from './workspace.mjs';

/**
 * @param {string} file a spec file
 * @returns {'unit' | 'integration' | 'e2e'} the stage of `npm test` that runs it.
 */
export function stageOf(file) {
  if (/\.e2e-spec\.ts$/.test(file)) return 'e2e';
  if (/\.(int|fault)-spec\.ts$/.test(file)) return 'integration';
  if (/\.spec\.tsx?$/.test(file)) return 'unit';
  throw new UserError(
    `${file} is no test: those end in .spec.ts, .int-spec.ts, .fault-spec.ts, .e2e-spec.ts`,
  );
}

/**
 * @param {string} name a full name as reports print it, with `>` between suites and test, or a part of one.
 * @returns {string} the pattern by which Vitest finds it; it joins names with a space alone.
 */
export const namePattern = (name) =>
  name
    .split(' > ')
    .map((part) => part.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&'))
    .join(' (?:> )?');

/**
 * Runs one spec file with the set-up of its stage; what it prints is printed.
 *
 * @param {string} file below the workspace root
 * @param {string | undefined} name of the tests to run; all without it.
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>} the exit code
 * @throws {UserError} when there is no such file, or the apps that an end-to-end test needs do not build.
 */
export async function runOneFile(file, name, env) {
  const absolute = path.resolve(root, file);
  if (!existsSync(absolute)) throw new UserError(`there is no file ${file}`);
  const parts = path.relative(root, absolute).split(path.sep);
  const depth = parts[0] === 'apps' || parts[0] === 'libs' ? 2 : 1;
  const project = path.join(root, ...parts.slice(0, depth));
  const stage = stageOf(file);
  if (stage === 'e2e') {
    const built = await runCommand(process.execPath, [nxEntry, 'run-many', '-t', 'build'], {
      cwd: root,
      env: withNxEnv(env),
    });
    if (!built.ok) throw new UserError(`the apps do not build\n${built.output}`);
  }
  const config = {
    unit: path.join(root, 'vitest.config.mts'),
    integration: path.join(root, 'vitest.int.config.mts'),
    e2e: path.join(project, 'vitest.config.mts'),
  }[stage];
  const args = [path.join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--config', config, '--root', '.'];
  if (name !== undefined) args.push('-t', namePattern(name));
  const child = spawn(process.execPath, [...args, path.relative(project, absolute)], {
    cwd: project,
    env,
    stdio: 'inherit',
  });
  const [code] = await once(child, 'exit');
  return code ?? 1;
}
