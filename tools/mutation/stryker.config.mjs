/**
 * Stryker for one project. `npm run mutate` sets the environment: MUTATE_PROJECT (a folder), MUTATE_FILES
 * (globs, space between), MUTATE_ONE_IN (a sample), MUTATE_WORKERS, MUTATE_SPECS (a folder below src), MUTATE_ANEW (1: forget earlier results),
 * MUTATE_APART (1: a process for each mutant).
 */
const { MUTATE_PROJECT = '', MUTATE_FILES = '', MUTATE_ONE_IN, MUTATE_WORKERS, MUTATE_ANEW } = process.env;
const reports = `reports/mutation/${MUTATE_PROJECT.split('/').at(-1)}`;
const isSample = Number(MUTATE_ONE_IN ?? 1) > 1;
const isApart = process.env.MUTATE_APART === '1';
/** The runner for Vitest has its specs run in threads, in which SQLite's driver crashes now and then, and takes the run with it. */
const runner = isApart
  ? {
      testRunner: 'command',
      commandRunner: {
        command: 'node node_modules/vitest/vitest.mjs run --config tools/mutation/vitest.config.mts',
      },
      coverageAnalysis: /** @type {const} */ ('off'),
      timeoutMS: 120_000,
    }
  : {
      testRunner: 'vitest',
      vitest: { configFile: 'tools/mutation/vitest.config.mts', related: false },
      coverageAnalysis: /** @type {const} */ ('perTest'),
      timeoutMS: 10_000,
    };

/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  ...runner,
  plugins: ['@stryker-mutator/vitest-runner', './tools/mutation/stryker-plugins.mjs'],
  ignorers: ['prose'],
  checkers: isSample ? ['sample'] : [],
  mutate: [
    ...MUTATE_FILES.split(' '),
    '!**/*.{spec,int-spec,fault-spec,fixture,conformance,module,entity}.ts',
    '!**/{testing,generated,migrations}/**',
    '!**/{index,main,node}.ts',
  ],
  // Code that runs only while a file loads is a declaration, and each such mutant would need every suite.
  ignoreStatic: !isApart,
  disableTypeChecks: false,
  concurrency: Number(MUTATE_WORKERS ?? 2),
  // Only mutants whose code or whose tests have changed since the last run are tried again.
  incremental: !isSample,
  incrementalFile: `${reports}.incremental.json`,
  force: MUTATE_ANEW === '1',
  jsonReporter: { fileName: `${reports}.json` },
  reporters: ['json', 'progress-append-only'],
  tempDirName: '.stryker-tmp',
  ignorePatterns: ['/docs', '/apps/web', '/e2e', '/reports', '.data', '.nx', 'dist'],
  dryRunTimeoutMinutes: 15,
};
