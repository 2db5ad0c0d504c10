import { ParleyApi } from '@parley/client';
import type { Session } from '@parley/protocol';
import type { HistoryStats, Violation } from '@parley/testing';
import { setTimeout as pause } from 'node:timers/promises';
import { ChaosStack } from './chaos-stack.js';
import { Crowd } from './crowd.js';
import { drawDamage, inflict, mayEndLines, nameOf, type Damage } from './damage.js';
import { seededRandom } from './random.js';
import type { RoomPlace } from './redis-site.js';
import { ResourceLog, type Resources } from './resources.js';
import type { SqlKind } from './sql-server.js';
import type { Tally } from './tally.js';

export interface ChaosOptions {
  readonly seed: number;
  /** How long it goes on, milliseconds; the fault under way is finished. */
  readonly forMs: number;
  /** What may happen; nothing for a soak. With `once`, each happens once, in this order. */
  readonly faults: readonly Damage[];
  /** How many of the draws get a second one beside them, 0 to 1; without meaning with `once`. @defaultValue 0 */
  readonly pairShare?: number;
  readonly once?: boolean;
  readonly sql: SqlKind;
  /** Replicas of Redis that must have a message before its ack. `lose-primary` needs one. @defaultValue 0 */
  readonly ackReplicas?: 0 | 1;
  readonly clients: number;
  readonly users: number;
  readonly rooms: number;
  readonly sendIntervalMs: number;
  /** Told every few seconds, and after every fault. */
  readonly onProgress: (line: string) => void;
}

/** One fault's row of the table. Times are milliseconds. */
export interface FaultRow extends Tally {
  readonly fault: string;
  /** How long the damage lasted, until the repair. */
  readonly lastedMs: number;
  /** From the repair until everybody could talk to everybody. */
  readonly recoveryMs: number;
  /** From then until every count and list of members was exact. */
  readonly presenceMs: number;
  /** By room: the last seq when everybody could talk again. What broke up to there, this fault broke. */
  readonly lastSeq: ReadonlyMap<number, number>;
}

export interface ChaosReport {
  readonly seed: number;
  readonly rows: readonly FaultRow[];
  readonly violations: readonly Violation[];
  /** Why the run could not go on: somebody was never reached again, a process did not stop. */
  readonly failure: string | undefined;
  readonly stats: HistoryStats;
  /** By process: the last lines that it wrote. */
  readonly logs: ReadonlyMap<string, string>;
  /** At the beginning, every so often, and after the last message. */
  readonly resources: readonly Resources[];
}

/** Within this everybody must be able to talk again after a fault, milliseconds. */
const RECOVERY_TIMEOUT_MS = 60_000;
const PROGRESS_INTERVAL_MS = 5_000;
const SAMPLE_INTERVAL_MS = 30_000;

/** Starts a stack and a crowd, breaks things from a seeded schedule, and checks what everybody saw. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const env = {
    PARLEY_LOGIN_PER_MINUTE: '10000',
    PARLEY_REQUESTS_PER_SECOND: '10000',
    // A storm is of few users.
    PARLEY_CONNECTIONS_PER_USER: '1000',
    PARLEY_DRAIN_WINDOW_MS: '2000',
  };
  const stack = await ChaosStack.start(options.sql, env, options.ackReplicas ?? 0);
  let report: ChaosReport;
  try {
    const crowd = await gatherCrowd(options, stack);
    report = await new ChaosRun(options, stack, crowd).run();
  } catch (error) {
    await stack.stop().catch(() => undefined);
    throw error;
  }
  try {
    await stack.stop();
    return report;
  } catch (error) {
    return { ...report, failure: report.failure ?? String(error) };
  }
}

/** Registers users, makes rooms, and lets everybody in. */
async function gatherCrowd(options: ChaosOptions, stack: ChaosStack): Promise<Crowd> {
  const [apiUrl] = urlsOf(stack, 'gateway-api');
  const sessions: Session[] = [];
  for (let i = 0; i < options.users; i++)
    sessions.push(await new ParleyApi({ baseUrl: apiUrl ?? '' }).register(`chaos-${i}`, 'chaos-chaos'));
  const api = new ParleyApi({ baseUrl: apiUrl ?? '', getToken: () => sessions[0]?.token });
  const roomIds: number[] = [];
  for (let i = 0; i < options.rooms; i++) roomIds.push((await api.createRoom(`chaos ${i}`)).roomId);
  const crowd = new Crowd({
    ...options,
    sessions,
    roomIds,
    gateways: stack
      .of('connect-gateway')
      .map((slot) => ({ wsPort: slot.port('ws'), tcpPort: slot.port('tcp') })),
    apiUrls: urlsOf(stack, 'gateway-api'),
    webUrls: urlsOf(stack, 'web'),
    random: seededRandom(options.seed + 1),
  });
  await crowd.join();
  return crowd;
}

function urlsOf(stack: ChaosStack, app: 'gateway-api' | 'web'): string[] {
  return stack.of(app).map((slot) => `http://127.0.0.1:${slot.port('http')}`);
}

class ChaosRun {
  private readonly rows: FaultRow[] = [];
  private readonly resources: ResourceLog;
  private readonly random: () => number;
  private readonly startedAt = Date.now();
  private phase = 'talking';
  /** Where every room was when all was well last. */
  private places: ReadonlyMap<number, RoomPlace> = new Map();

  constructor(
    private readonly options: ChaosOptions,
    private readonly stack: ChaosStack,
    private readonly crowd: Crowd,
  ) {
    this.random = seededRandom(options.seed);
    this.resources = new ResourceLog(stack);
  }

  async run(): Promise<ChaosReport> {
    const { crowd, resources } = this;
    const progress = setInterval(() => this.tell(), PROGRESS_INTERVAL_MS);
    let failure: string | undefined;
    try {
      crowd.startTalking();
      this.places = await crowd.probe(RECOVERY_TIMEOUT_MS);
      crowd.takeTally();
      await resources.take();
      resources.start(SAMPLE_INTERVAL_MS);
      await this.breakThings();
      await this.finish();
    } catch (error) {
      failure = `${this.phase}: ${String(error)}`;
    } finally {
      clearInterval(progress);
      resources.stop();
      await crowd.leave();
    }
    const { checker } = crowd;
    return {
      seed: this.options.seed,
      rows: this.rows,
      violations: checker.check(),
      failure,
      stats: checker.stats(),
      logs: this.stack.stack.logsByProcess(),
      resources: resources.samples,
    };
  }

  private async breakThings(): Promise<void> {
    const { faults, once, forMs, pairShare = 0 } = this.options;
    const { stack, crowd, random } = this;
    const until = this.startedAt + forMs;
    if (faults.length === 0) return this.suffer('none', false, () => pause(Math.max(0, until - Date.now())));
    const next = function* (): Generator<Damage> {
      if (once) yield* faults;
      else while (Date.now() < until) yield drawDamage(faults, pairShare, random);
    };
    for (const damage of next())
      await this.suffer(nameOf(damage), mayEndLines(damage), () => inflict(damage, { stack, crowd, random }));
  }

  /** Has a fault, waits until everything is well again, and notes what it cost. */
  private async suffer(fault: string, endsLines: boolean, damage: () => Promise<void>): Promise<void> {
    const { crowd } = this;
    this.phase = fault;
    const startedAt = Date.now();
    crowd.startHosting();
    await damage();
    const repairedAt = Date.now();
    this.phase = `after ${fault}`;
    const before = this.places;
    await crowd.makePeace(RECOVERY_TIMEOUT_MS);
    this.places = await crowd.probe(RECOVERY_TIMEOUT_MS);
    const recoveryMs = Date.now() - repairedAt;
    const presenceMs = await crowd.presenceExact();
    if (!endsLines) this.expectSameLines(before);
    const row = {
      fault,
      lastSeq: new Map([...this.places].map(([roomId, { seq }]) => [roomId, seq])),
      lastedMs: repairedAt - startedAt,
      recoveryMs,
      presenceMs,
      ...crowd.takeTally(),
    };
    this.rows.push(row);
    await crowd.sendGuestsAway();
    this.tell(`${fault}: well again after ${recoveryMs} ms, longest gap ${row.longestGapMs} ms`);
    this.phase = 'talking';
  }

  /** What lost nothing ends no epoch: everybody would have to read again what they have. */
  private expectSameLines(before: ReadonlyMap<number, RoomPlace>): void {
    for (const [roomId, { epoch }] of this.places)
      if (before.get(roomId)?.epoch !== epoch)
        throw new Error(`room ${roomId} is in another epoch, and nothing was lost`);
  }

  private async finish(): Promise<void> {
    const { crowd, stack } = this;
    this.phase = 'falling silent';
    await crowd.fallSilent();
    await crowd.probe(RECOVERY_TIMEOUT_MS);
    this.phase = 'comparing how rooms stand';
    await crowd.compareStates(RECOVERY_TIMEOUT_MS);
    crowd.takeTally();
    this.phase = 'reading the archive';
    await stack.archived();
    for (const roomId of crowd.roomIds) await crowd.readArchive(roomId);
    await this.resources.take();
  }

  private tell(line = this.phase): void {
    const { acked, received } = this.crowd.soFar();
    this.options.onProgress(
      `${acked} acked, ${received} delivered, ${this.crowd.unanswered} under way; ${line}`,
    );
  }
}
