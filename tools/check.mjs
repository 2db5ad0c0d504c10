/** `npm run check`: what to run before a commit. Formatting, generated code, circles, lint, types and unit tests. */
import { main } from './lib/main.mjs';
import { endRunningCommands } from './lib/run-command.mjs';
import { runStages, sum, summaryTable } from './lib/run-stages.mjs';
import { checkStages } from './lib/stages.mjs';
import { totalsLine } from './lib/vitest-counts.mjs';
import { UserError } from './lib/workspace.mjs';

await main(async (args) => {
  if (args.length > 0) throw new UserError(`unknown argument ${args[0]}: npm run check takes none`);
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.once(signal, () => void endRunningCommands().finally(() => process.exit(130)));
  }
  const results = await runStages(checkStages, process.env);
  process.stdout.write(`\n${summaryTable(results).join('\n')}\n\n${totalsLine(sum(results))}\n`);
  if (results.some(({ ok }) => !ok)) process.exitCode = 1;
});
