import type { Latencies } from './latencies.js';

export type WireName = 'parley' | 'socket-io' | 'floor';

/** Where the servers are. */
export interface Target {
  readonly wire: WireName;
  /** Members and publishers are spread over them. */
  readonly sockets: readonly string[];
  readonly http: string;
  /** What session tokens are signed with, and the database they name; where there are any. */
  readonly secret?: string;
  readonly database?: string;
}

/** Members connect and join. */
export interface Come {
  readonly do: 'come';
  readonly target: Target;
  /** Members go into them in turn. */
  readonly rooms: readonly number[];
  readonly members: number;
  /** How many are connecting at the same time. */
  readonly atOnce: number;
}

export interface Came {
  readonly joined: number;
  /** Refusals and ended connections, by why. A join that is refused for now is tried again. */
  readonly refused: Readonly<Record<string, number>>;
  readonly seconds: number;
}

/** Texts are sent to rooms in turn, and counted wherever they arrive. */
export interface Publish {
  readonly do: 'publish';
  readonly target: Target;
  readonly rooms: readonly number[];
  /** `http`: on connections of its own. `ws`: by the first members of each room. */
  readonly via: 'http' | 'ws';
  /** How many senders, each with one send in flight unless `inFlight` says more. */
  readonly publishers: number;
  readonly inFlight?: number;
  readonly seconds: number;
  /** Sends a second, on schedule whatever happens. @defaultValue each sender sends again when it is answered */
  readonly rate?: number;
  /** Of so many deliveries one is timed. @defaultValue 1 */
  readonly timeOneIn?: number;
}

export interface Published {
  /** From the first send to the last answer, or the end of the schedule. */
  readonly seconds: number;
  /** From the first send to the last delivery. */
  readonly deliverySeconds: number;
  readonly sent: number;
  readonly accepted: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly deliveries: number;
  /** Accepted and not delivered to a member who was there. */
  readonly lost: number;
  readonly duplicated: number;
  /** A number that came after a higher one, or a send after a later one of the same sender where there are no numbers. */
  readonly disordered: number;
  /** Ranges that a member was told to read from history, because it was slow. */
  readonly resyncs: number;
  /** From the scheduled time to the answer. */
  readonly answer: Latencies;
  /** From the scheduled time to each member. */
  readonly delivery: Latencies;
  /** Of this process. */
  readonly loadCpuSeconds: number;
}

/** Members go. */
export interface Go {
  readonly do: 'go';
}

export type Command = Come | Publish | Go;
