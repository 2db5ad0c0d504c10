import { defineConfig } from 'vitest/config';

/** Integration and fault suites: real Redis, real SQLite. Files run one after another; each test has its own prefix. */
export default defineConfig({
  test: {
    environment: 'node',
    include: ['src/**/*.{int-spec,fault-spec}.ts'],
    fileParallelism: false,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    passWithNoTests: true,
    dangerouslyIgnoreUnhandledErrors: false,
  },
});
