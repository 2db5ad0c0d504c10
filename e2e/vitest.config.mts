import path from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { SuiteReporter } from '../tools/vitest/suite-reporter.js';

/** Suites that mostly wait: for leases to end, for a minute to pass, for processes to come back. The longest first. */
const waiting = [
  'chaos',
  'web',
  'slow-members',
  'nets',
  'presence-in-redis',
  'faults',
  'hints',
  'backup',
  'database-life',
];
const fileOf = (suite: string) => `src/${suite}.e2e-spec.ts`;
const common = {
  environment: 'node' as const,
  setupFiles: [path.resolve(import.meta.dirname, '../tools/vitest/suite-setup.ts')],
  testTimeout: 60_000,
  hookTimeout: 120_000,
  dangerouslyIgnoreUnhandledErrors: false,
};

/** In the order of that list: whoever takes longest must not begin last. */
class LongestFirst extends BaseSequencer {
  override async sort(specs: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) =>
      waiting.findIndex((suite) => moduleId.endsWith(fileOf(suite)));
    return [...specs].sort((one, other) => place(one) - place(other));
  }
}

/**
 * End to end: real processes, two of each service, real sockets, a real browser. What needs the cores has them for itself; of what
 * waits, three run side by side.
 */
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    reporters: ['default', new SuiteReporter()],
    projects: [
      {
        test: {
          ...common,
          name: 'side by side',
          include: waiting.map(fileOf),
          maxWorkers: 3,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...common,
          name: 'alone',
          include: ['src/**/*.e2e-spec.ts'],
          exclude: waiting.map(fileOf),
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
