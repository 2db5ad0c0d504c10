import path from 'node:path';
import { defineConfig } from 'vitest/config';
import { SuiteReporter } from '../tools/vitest/suite-reporter.js';

/** End to end: real processes, two of each service, real sockets, a real browser. One stack at a time: they need the cores. */
export default defineConfig({
  test: {
    environment: 'node',
    include: ['src/**/*.e2e-spec.ts'],
    setupFiles: [path.resolve(import.meta.dirname, '../tools/vitest/suite-setup.ts')],
    reporters: ['default', new SuiteReporter()],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    dangerouslyIgnoreUnhandledErrors: false,
  },
});
