import type { Target } from '../load/commands.js';

/** A system under test, running. */
export interface Contestant {
  readonly name: string;
  readonly target: Target;
  /** Everything that works for it, Redis included: what its processor time is. By name. */
  pids(): Readonly<Record<string, number>>;
  /** Rooms of their own for one scenario. */
  rooms(count: number): Promise<readonly number[]>;
  /** Resolves when what was accepted has been worked off; how long that took, milliseconds. */
  settle(): Promise<number>;
  stop(): Promise<void>;
}
