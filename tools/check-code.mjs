/**
 * Checks the types of the whole workspace and lints it, in three programs side by side. Each reads every file once, and
 * lint is told the types that the check has found: a program for each project reads the libs again and again, once
 * for types and once for lint. `npx nx typecheck <project>` and `npx nx lint <project>` check one project alone.
 */
import { main } from './lib/main.mjs';
import { nxEntry, withNxEnv } from './lib/nx.mjs';
import { endRunningCommands, runCommand } from './lib/run-command.mjs';
import { projectsOf, typePrograms } from './lib/type-programs.mjs';
import { UserError, root } from './lib/workspace.mjs';

await main(async () => {
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.once(signal, () => void endRunningCommands().finally(() => process.exit(130)));
  }
  const env = withNxEnv(process.env);
  // The rule of the arrows between projects reads Nx's cached project graph, and without one says nothing at all.
  const graph = await runCommand(process.execPath, [nxEntry, 'show', 'projects'], { cwd: root, env });
  if (!graph.ok) throw new UserError(`Nx could not list the projects:\n${graph.output}`);
  const runs = Object.values(typePrograms).map((config) => {
    const args = ['tools/lib/check-program.mjs', config, ...projectsOf(config)];
    return runCommand(process.execPath, args, { cwd: root, env });
  });
  for (const { ok, output } of await Promise.all(runs)) {
    process.stdout.write(output);
    if (!ok) process.exitCode = 1;
  }
});
