/**
 * Checks the types of the whole workspace in three programs, side by side, each of which reads every file once:
 * a program for each project reads the libs again and again. `npx nx typecheck <project>` checks one project alone.
 */
import path from 'node:path';
import { main } from './lib/main.mjs';
import { endRunningCommands, runCommand } from './lib/run-command.mjs';
import { typePrograms } from './lib/type-programs.mjs';
import { cacheDir, root } from './lib/workspace.mjs';

await main(async () => {
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.once(signal, () => void endRunningCommands().finally(() => process.exit(130)));
  }
  const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
  const runs = Object.entries(typePrograms).map(([name, project]) => {
    // What has not changed since the last time is not checked again.
    const info = path.join(cacheDir, 'types', `${name}.tsbuildinfo`);
    const args = [tsc, '-p', project, '--noEmit', '--incremental', '--tsBuildInfoFile', info];
    return runCommand(process.execPath, args, { cwd: root });
  });
  for (const { ok, output } of await Promise.all(runs)) {
    process.stdout.write(output);
    if (!ok) process.exitCode = 1;
  }
});
