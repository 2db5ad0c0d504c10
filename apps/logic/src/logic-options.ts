/** What logic's services need of the config. */
export interface LogicOptions {
  readonly sendBurst: number;
  readonly sendsPerSecond: number;
  readonly actBurst: number;
  readonly actsPerSecond: number;
  /** Texts of deleted messages are kept for so long, milliseconds. */
  readonly originalsKeptMs: number;
  /** Rooms that one user may make; admins may make more. */
  readonly roomsPerUser: number;
  /** Rooms that one user may make a minute. */
  readonly roomsPerMinute: number;
  /** A room that nobody has used for so long leaves Redis, milliseconds. */
  readonly roomIdleMs: number;
  readonly roomCreation: 'everyone' | 'admins';
}

/** Injection token: the id of this instance. */
export const LOGIC_INSTANCE = Symbol('LOGIC_INSTANCE');

/** Injection token of {@link LogicOptions}. */
export const LOGIC_OPTIONS = Symbol('LOGIC_OPTIONS');
