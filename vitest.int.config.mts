import path from 'node:path';
import { defineConfig } from 'vitest/config';
import { SuiteReporter } from './tools/vitest/suite-reporter.js';

/** Integration and fault suites: real Redis, real SQLite. Files run one after another; each test has its own prefix. */
export default defineConfig({
  test: {
    environment: 'node',
    include: ['src/**/*.{int-spec,fault-spec}.ts'],
    // A project's files share their imports, not their servers' data: each test has its own prefix.
    isolate: false,
    setupFiles: [path.resolve(import.meta.dirname, 'tools/vitest/suite-setup.ts')],
    reporters: ['default', new SuiteReporter()],
    fileParallelism: false,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    passWithNoTests: true,
    dangerouslyIgnoreUnhandledErrors: false,
  },
});
