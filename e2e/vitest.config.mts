import { defineConfig } from 'vitest/config';

/**
 * End to end: real processes, two of each service, real sockets, a real browser. Two stacks at a time: most of a suite is
 * waiting, for leases to end and for faults to heal; more would need more cores.
 */
export default defineConfig({
  test: {
    environment: 'node',
    include: ['src/**/*.e2e-spec.ts'],
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    dangerouslyIgnoreUnhandledErrors: false,
  },
});
