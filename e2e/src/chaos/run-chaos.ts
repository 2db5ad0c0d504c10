import type { Violation } from '@parley/testing';
import { ChaosStack } from './chaos-stack.js';
import { Crowd, type Tally } from './crowd.js';
import { faults, type FaultName } from './faults.js';
import { pick, seededRandom } from './random.js';
import { sampleResources, type Resources } from './resources.js';

export interface ChaosOptions {
  readonly seed: number;
  /** How long faults go on, milliseconds; the one under way is finished. */
  readonly forMs: number;
  /** Which faults may happen. With `once`, each happens once, in this order. */
  readonly faults: readonly FaultName[];
  readonly once?: boolean;
  readonly clients: number;
  readonly users: number;
  readonly rooms: number;
  readonly sendIntervalMs: number;
  readonly onProgress: (line: string) => void;
}

/** One fault's row of the table. */
export interface FaultRow extends Tally {
  readonly fault: string;
  /** From the beginning of the fault until everybody could talk to everybody, milliseconds. */
  readonly recoveryMs: number;
  /** By room: the last seq when everybody could talk again. What broke up to there, this fault broke. */
  readonly lastSeq: ReadonlyMap<number, number>;
}

export interface ChaosReport {
  readonly seed: number;
  readonly rows: readonly FaultRow[];
  readonly violations: readonly Violation[];
  readonly stats: object;
  /** Before the first fault, and after the last message. */
  readonly resources: { readonly before: Resources; readonly after: Resources };
}

/** Within this everybody must be able to talk again after a fault, milliseconds. */
const RECOVERY_TIMEOUT_MS = 60_000;

/** Starts a stack and a crowd, breaks things from a seeded schedule, and checks what everybody saw. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const random = seededRandom(options.seed);
  const stack = await ChaosStack.start({ PARLEY_LOGIN_PER_MINUTE: '10000', PARLEY_DRAIN_WINDOW_MS: '2000' });
  try {
    const tokens = await register(stack, options.users);
    const roomIds: number[] = [];
    for (let i = 0; i < options.rooms; i++)
      roomIds.push((await stack.stack.api(tokens[0]).createRoom(`chaos ${i}`)).roomId);
    const crowd = new Crowd({
      ...options,
      tokens,
      roomIds,
      gateways: stack.gateways(),
      random: seededRandom(options.seed + 1),
    });
    await crowd.join();
    crowd.startTalking();
    await crowd.probe(RECOVERY_TIMEOUT_MS);
    crowd.takeTally();
    const before = await sampleResources(stack.stack);
    options.onProgress(
      `seed ${options.seed}: ${options.clients} clients in ${options.rooms} rooms are talking`,
    );
    const rows = await breakThings(options, stack, crowd, random);
    await crowd.fallSilent();
    await crowd.probe(RECOVERY_TIMEOUT_MS);
    const violations = crowd.checker.check();
    const stats = crowd.checker.stats();
    const after = await sampleResources(stack.stack);
    await crowd.leave();
    return { seed: options.seed, rows, violations, stats, resources: { before, after } };
  } finally {
    await stack.stop();
  }
}

async function breakThings(
  options: ChaosOptions,
  stack: ChaosStack,
  crowd: Crowd,
  random: () => number,
): Promise<FaultRow[]> {
  const rows: FaultRow[] = [];
  const until = Date.now() + options.forMs;
  const queue = [...options.faults];
  while (options.once ? queue.length > 0 : Date.now() < until) {
    const name = (options.once ? queue.shift() : pick(options.faults, random)) as FaultName;
    const startedAt = Date.now();
    await faults[name]({ stack, proxy: stack.proxy, random });
    const lastSeq = await crowd.probe(RECOVERY_TIMEOUT_MS);
    const row = { fault: name, lastSeq, recoveryMs: Date.now() - startedAt, ...crowd.takeTally() };
    rows.push(row);
    options.onProgress(
      `${name}: ${row.acked} acked, ${row.received} delivered, recovered after ${row.recoveryMs} ms, longest gap ${row.longestGapMs} ms`,
    );
  }
  return rows;
}

async function register(stack: ChaosStack, users: number): Promise<string[]> {
  const tokens: string[] = [];
  for (let i = 0; i < users; i++)
    tokens.push((await stack.stack.api().register(`chaos-${i}`, 'chaos-chaos')).token);
  return tokens;
}
