import type { ChaosStack } from './chaos-stack.js';
import type { Crowd } from './crowd.js';

/** What a fault may break, whom it may bring, and the draws of its seed. */
export interface FaultContext {
  readonly stack: ChaosStack;
  readonly crowd: Crowd;
  readonly random: () => number;
}

/** Does the damage and repairs what does not repair itself; resolves when it is done. */
export type Fault = (context: FaultContext) => Promise<void>;
