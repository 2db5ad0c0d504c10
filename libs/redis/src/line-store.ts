import type { RedisConnection } from './connections.js';
import type { RedisKeys } from './keys.js';
import type { LinePosition } from './accept-terms.js';
import { runScript } from './run-script.js';

/** Redis's clock is noted in every shard's line about this often, milliseconds: then a step back is noticed. */
const NOTE_TIME_EVERY_MS = 30_000;
/** A report is forgotten after this time, milliseconds: the proof it was for is over. */
const REPORT_TTL_MS = 60_000;

/** Kind of the hint that a server's shards are being proven: whoever has seen them is to say how far they had come. */
export const LINE_EVENT = 'line';

/** Where a shard stands on the server that answered. */
export interface ShardSurvey {
  readonly shard: number;
  /** New at every start and every promotion of a server. */
  readonly serverId: string;
  /** The server that the line was last proven on; '' when there is no line. */
  readonly provenOn: string;
  /** `<number>.<random>`; '' before the first one began. */
  readonly generation: string;
  /** Last id of the dispatch stream. */
  readonly streamId: string;
  /** It was a replica once, or took over a replica's files. */
  readonly promoted: boolean;
  /** Redis's clock, ms since 1970. */
  readonly nowMs: number;
}

/** The unbroken life of each shard. See ADR 0012. */
export class LineStore {
  constructor(
    private readonly redis: RedisConnection,
    private readonly keys: RedisKeys,
    /** Most that the time in an id may be ahead of Redis's clock, milliseconds. */
    private readonly recentFutureMs: number,
  ) {}

  get shardCount(): number {
    return this.keys.shardCount;
  }

  shardOf(roomId: number): number {
    return this.keys.shardOf(roomId);
  }

  /** All shards, in one pipeline. */
  survey(): Promise<ShardSurvey[]> {
    return Promise.all(
      Array.from({ length: this.keys.shardCount }, async (_, shard) => {
        const [serverId, provenOn, generation, streamId, promoted, nowMs] = (await runScript(
          this.redis,
          'surveyLine',
          [this.keys.line(shard), this.keys.dispatch(shard)],
          [NOTE_TIME_EVERY_MS, this.recentFutureMs],
        )) as [string, string, string, string, number, number];
        return { shard, serverId, provenOn, generation, streamId, promoted: promoted === 1, nowMs };
      }),
    );
  }

  /**
   * Declares a surveyed shard proven, in this generation. The first to decide about a server wins.
   *
   * @returns Whether this call decided.
   */
  prove(survey: ShardSurvey, generation: string): Promise<boolean> {
    return this.decide(survey, generation, false, '');
  }

  /**
   * Begins a new generation: the epochs of all rooms of the shard have ended.
   *
   * @param voidLogs - What the rooms' logs hold is of another database: they are emptied as the rooms come back.
   * @returns Whether this call did; false when somebody else did since the survey.
   */
  begin(survey: ShardSurvey, generation: string, voidLogs = false): Promise<boolean> {
    return this.decide(survey, generation, true, voidLogs ? String(generationNumber(generation)) : '');
  }

  /** Says what a life knows, to the server that answered the survey. */
  async report(serverId: string, life: string, report: string): Promise<void> {
    const key = this.keys.lineReports(serverId);
    await Promise.all([this.redis.hset(key, life, report), this.redis.pexpire(key, REPORT_TTL_MS)]);
  }

  /** What the lives have said to this server. */
  reports(serverId: string): Promise<Record<string, string>> {
    return this.redis.hgetall(this.keys.lineReports(serverId));
  }

  /** Shows that a life goes on; answers every life with the number of times that it has done so. */
  async beat(life: string): Promise<Record<string, string>> {
    const [, lives] = await Promise.all([
      this.redis.hincrby(this.keys.lineLives(), life, 1),
      this.redis.hgetall(this.keys.lineLives()),
    ]);
    return lives;
  }

  /** Takes lives off the list that have ended. */
  async forget(...lives: string[]): Promise<void> {
    if (lives.length > 0) await this.redis.hdel(this.keys.lineLives(), ...lives);
  }

  /** Whether this server's settings say that nothing it answered is lost when it ends. False when it will not say. */
  async losesNothing(): Promise<boolean> {
    const setting = async (name: string) =>
      ((await this.redis.config('GET', name)) as unknown as (string | undefined)[])[1];
    try {
      const [appendOnly, fsync] = await Promise.all([setting('appendonly'), setting('appendfsync')]);
      return appendOnly === 'yes' && fsync === 'always';
    } catch {
      return false;
    }
  }

  private async decide(
    survey: ShardSurvey,
    generation: string,
    again: boolean,
    voidBelow: string,
  ): Promise<boolean> {
    const [, decided] = (await runScript(
      this.redis,
      'proveLine',
      [this.keys.line(survey.shard)],
      [survey.serverId, survey.generation, generation, again ? 1 : 0, voidBelow],
    )) as [string, number];
    return decided === 1;
  }
}

/** 0 before the first one. */
export function generationNumber(generation: string): number {
  return Number.parseInt(generation, 10) || 0;
}

/**
 * Which of two positions of a shard is later. Generations are numbered, so one position at least is known to both; two
 * different generations of one number count as different lives: neither is later (NaN).
 */
export function compareLine(a: LinePosition, b: LinePosition): number {
  if (a.generation !== b.generation) {
    const difference = generationNumber(a.generation) - generationNumber(b.generation);
    return difference === 0 ? Number.NaN : difference;
  }
  const [aMs = 0, aN = 0] = a.streamId.split('-').map(Number);
  const [bMs = 0, bN = 0] = b.streamId.split('-').map(Number);
  return aMs - bMs || aN - bN;
}
