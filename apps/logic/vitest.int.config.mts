import { defineConfig, mergeConfig } from 'vitest/config';
import base from '../../vitest.int.config.mts';

/**
 * Half of their time these suites wait for disks, so two files run side by side; each test has a database of its own, on
 * one Postgres for all.
 */
export default mergeConfig(
  base,
  defineConfig({
    test: {
      globalSetup: ['src/database/postgres.fixture.ts'],
      fileParallelism: true,
      maxWorkers: 2,
      // Beside the suites of other projects, on a slow machine.
      testTimeout: 60_000,
      hookTimeout: 60_000,
    },
  }),
);
