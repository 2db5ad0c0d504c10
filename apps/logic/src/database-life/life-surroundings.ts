import type { Registry } from '@parley/registry';

/** What {@link DatabaseLifeService} has to know of its process. */
export interface LifeSurroundings {
  /** Other instances of `logic` that serve now. */
  othersServing(): Promise<number>;
  /** Ends this process: it works on another database than the others, or its own is not what it was. */
  standDown(): void;
}

/** Injection token of {@link LifeSurroundings}. */
export const LIFE_SURROUNDINGS = Symbol('LIFE_SURROUNDINGS');

/** The registry's view of the other instances; standing down is what SIGTERM does. */
export function lifeSurroundings(registry: Registry, instanceId: string): LifeSurroundings {
  return {
    othersServing: async () => {
      const instances = await registry.refresh('logic');
      return instances.filter((other) => other.instanceId !== instanceId && other.state !== 'starting')
        .length;
    },
    standDown: () => void process.kill(process.pid, 'SIGTERM'),
  };
}
