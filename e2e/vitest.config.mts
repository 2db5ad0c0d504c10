import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The faults take longest: what begins first need not be waited for last. */
class FaultsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) => moduleId.endsWith('chaos.e2e-spec.ts');
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

/**
 * End to end: real processes, two of each service, real sockets, a real browser. Two stacks at a time: most of a suite is
 * waiting, for leases to end and for faults to heal; more would need more cores.
 */
export default defineConfig({
  test: {
    environment: 'node',
    include: ['src/**/*.e2e-spec.ts'],
    maxWorkers: 2,
    sequence: { sequencer: FaultsFirst },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    dangerouslyIgnoreUnhandledErrors: false,
  },
});
