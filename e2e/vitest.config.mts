import { defineConfig } from 'vitest/config';

/** End to end: real processes, two of each service, real sockets, a real browser. One stack at a time: they need the cores. */
export default defineConfig({
  test: {
    environment: 'node',
    include: ['src/**/*.e2e-spec.ts'],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    dangerouslyIgnoreUnhandledErrors: false,
  },
});
