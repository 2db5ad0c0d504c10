/** What logic's services need of the config. */
export interface LogicOptions {
  readonly sendBurst: number;
  readonly sendsPerSecond: number;
  readonly roomCreation: 'everyone' | 'admins';
}

/** Injection token of {@link LogicOptions}. */
export const LOGIC_OPTIONS = Symbol('LOGIC_OPTIONS');
