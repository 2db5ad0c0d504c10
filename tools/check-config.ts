/**
 * Prints every problem of the configuration in this environment, one a line, and exits with 78 if there is any:
 *
 *     node tools/run.mjs tools/check-config.ts
 */
import { CONFIG_EXIT_CODE, configProblems } from '@parley/config';

const problems = configProblems();
for (const problem of problems) console.log(problem);
if (problems.length > 0) process.exitCode = CONFIG_EXIT_CODE;
