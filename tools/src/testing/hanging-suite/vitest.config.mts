import path from 'node:path';
import { defineConfig } from 'vitest/config';
import { SuiteReporter } from '../../../vitest/suite-reporter.js';

/** A suite that hangs, for the test of what ends it. */
export default defineConfig({
  test: {
    include: ['*.hanging.ts'],
    setupFiles: [path.resolve(import.meta.dirname, '../../../vitest/suite-setup.ts')],
    reporters: ['default', new SuiteReporter({ graceMs: 100 })],
  },
});
