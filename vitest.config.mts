import path from 'node:path';
import { defineConfig } from 'vitest/config';
import { SuiteReporter } from './tools/vitest/suite-reporter.js';

/** Unit suites: need nothing but Node. Decorator metadata is read from each project's tsconfig. */
export default defineConfig({
  test: {
    environment: 'node',
    include: ['src/**/*.spec.{ts,tsx}'],
    // A project's files share their imports, which are most of the time: a suite leaves nothing behind (clocks, stubs).
    isolate: false,
    setupFiles: [path.resolve(import.meta.dirname, 'tools/vitest/suite-setup.ts')],
    reporters: ['default', new SuiteReporter()],
    typecheck: { enabled: false },
    // No test is about speed: a machine with other work may take its time for ten thousand cases. Ends what hangs.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    passWithNoTests: true,
    dangerouslyIgnoreUnhandledErrors: false,
  },
});
