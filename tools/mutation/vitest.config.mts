import path from 'node:path';
import { defineConfig } from 'vitest/config';

const project = process.env['MUTATE_PROJECT'];
if (!project) throw new Error('MUTATE_PROJECT names the folder of one project, such as libs/queue');

/** Unit and integration suites of one project, as Stryker runs them: inside its copy of the tree. */
export default defineConfig({
  root: path.resolve(project),
  test: {
    environment: 'node',
    include: [`src/${process.env['MUTATE_SPECS'] || '**'}/*.{spec,int-spec,fault-spec}.ts`],
    setupFiles: [path.resolve('tools/mutation/fail-fast.ts')],
    isolate: false,
    fileParallelism: false,
    testTimeout: 20_000,
    hookTimeout: 30_000,
  },
});
