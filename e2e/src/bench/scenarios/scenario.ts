import type { Contestant } from '../contestants/contestant.js';
import type { LoadProcess } from '../load/load-process.js';
import type { CpuUse } from '../../processes.js';
import type { Latencies } from '../load/latencies.js';

/** What one run of a scenario gave. What a scenario does not measure is left out. */
export interface Figures {
  readonly acceptedPerSecond?: number;
  readonly deliveriesPerSecond?: number;
  /** Microseconds of processor time of all processes of the contestant, its Redis included. */
  readonly cpuPerDelivery?: number;
  readonly cpuPerMessage?: number;
  /** Milliseconds of processor time: of the gateways, and of all processes. */
  readonly gatewayCpuPerJoinMs?: number;
  readonly cpuPerJoinMs?: number;
  readonly rssPerMember?: number;
  readonly heapPerMember?: number;
  readonly seconds?: number;
  readonly drainedPerSecond?: number;
  /** From the scheduled time to the answer, and to each member; milliseconds. */
  readonly answer?: Latencies;
  readonly delivery?: Latencies;
  /** To each member before that came which the scenario is about. */
  readonly deliveryBefore?: Latencies;
  readonly lost?: number;
  readonly duplicated?: number;
  readonly disordered?: number;
  readonly resyncs?: number;
  /** Refused, or not joined, by why. */
  readonly refused?: Readonly<Record<string, number>>;
  /** Until the backlog was worked off, after the last answer; milliseconds. */
  readonly settledAfterMs?: number;
  /** Where the processor time went, seconds by process. */
  readonly cpu?: CpuUse;
  /** Of the load generator, seconds. */
  readonly loadCpu?: number;
}

/** What a scenario runs with. */
export interface Bench {
  readonly contestant: Contestant;
  readonly load: LoadProcess;
  /** Seconds of one measurement. */
  readonly seconds: number;
  /** Members, rooms and messages are divided by it: 1, or more in a smoke run. */
  readonly shrink: number;
}

export type ContestantName = 'parley' | 'beside' | 'socket-io' | 'floor';

/** One thing to measure. */
export interface Scenario {
  readonly name: string;
  /** What is done, in a line of the report. */
  readonly what: string;
  /** Who can do it; the first is who it is about. */
  readonly contestants: readonly ContestantName[];
  run(bench: Bench): Promise<Figures>;
}
