import { execFile } from 'node:child_process';
import path from 'node:path';
import { root, UserError } from './workspace.mjs';

/** What a process exits with when its configuration is wrong; `CONFIG_EXIT_CODE` of libs/config, sysexits.h's EX_CONFIG. */
export const configExitCode = 78;

/**
 * Asks once, for all apps, what each of them would say: five of them would say it five times.
 *
 * @param {NodeJS.ProcessEnv} env what the apps will get.
 * @returns {Promise<void>} also when it cannot be found out: the apps say it themselves.
 * @throws {UserError} with every problem.
 */
export async function refuseWrongConfig(env) {
  const args = [path.join(root, 'tools/run.mjs'), path.join(root, 'tools/check-config.ts')];
  const said = await new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: root, env }, (error, stdout) =>
      resolve(error?.code === configExitCode ? stdout.trimEnd() : ''),
    );
  });
  if (said === '') return;
  const problems = /** @type {string} */ (said).split('\n').map((line) => `  - ${line}`);
  throw new UserError(['The configuration is wrong:', ...problems].join('\n'));
}
