import { AppError } from '@parley/protocol';
import type { RedisConnection, RedisConnections } from './connections.js';
import type { RedisKeys } from './keys.js';

/** How long replicas, and disks, have to take what was written, milliseconds. Below a health check's time, and far below a call's. */
export const REPLICATED_WITHIN_MS = 800;
/** When a send that was not taken in time may be repeated, milliseconds. */
const RETRY_AFTER_MS = 1_000;
/** How long a round waits for a connection, milliseconds. */
const CONNECTED_WITHIN_MS = 5_000;
/** Longest silence of a healthy round, milliseconds. */
const COMMAND_TIMEOUT_MS = 5_000 + REPLICATED_WITHIN_MS;
/** Life of the key that each round writes, milliseconds. */
const MARK_TTL_MS = 60_000;

/** What has to have a write before it is answered. */
export interface AckLevel {
  /** Replicas that must have it, besides the primary. */
  readonly replicas: number;
  /** Whether it must have been fsynced, there too. Needs Redis 7.2. */
  readonly fsync: boolean;
}

interface Job {
  run(): Promise<unknown>;
  mustBeKept(reply: unknown): boolean;
  resolve(reply: unknown): void;
  reject(error: unknown): void;
}

/**
 * Runs writes on a connection of its own and answers them once enough replicas have them.
 *
 * WAIT blocks its connection, and speaks of what this connection wrote before. So writes go in rounds: all that came up
 * during the last round, in their order, then one small write, so that WAIT counts from here even if nothing else wrote,
 * then one WAIT for all. Under load a round is long and carries many; its latency is that of one round trip to the replicas.
 *
 * A round belongs to one connection: a WAIT that was answered by another server than the one that took the writes would
 * prove nothing, so nothing is sent again after a reconnect.
 *
 * @see Redis WAIT, WAITAOF; docs/adr/0010-acknowledged-can-mean-replicated.md
 */
export class ReplicatedLane {
  /** Writes meant for this lane are made on this connection, inside {@link run}. */
  readonly redis: RedisConnection;
  private waiting: Job[] = [];
  private running = false;
  private readonly mark: string;

  constructor(
    connections: RedisConnections,
    keys: RedisKeys,
    instanceId: string,
    readonly level: AckLevel,
  ) {
    this.redis = connections.createLane('replicated', COMMAND_TIMEOUT_MS);
    this.mark = keys.writeCheck(`${instanceId}:replicated`);
  }

  /**
   * @param run - Makes the write on {@link redis}; called when its round begins, in the order of the calls.
   * @param mustBeKept - Whether a reply says that something was, or had been, written; others are given out at once after the round.
   * @throws {AppError} `NOT_REPLICATED`: written, and may yet be kept; not by enough in time.
   */
  run<T>(run: () => Promise<T>, mustBeKept: (reply: T) => boolean): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.waiting.push({ run, mustBeKept, resolve, reject } as Job);
      if (this.running) return;
      this.running = true;
      // At the end of the turn: what comes up in one turn shares a round.
      setImmediate(() => void this.rounds());
    });
  }

  /** True when a write is kept as it should be; else why not, in constant words. */
  async check(): Promise<true | string> {
    try {
      await this.run(
        () => Promise.resolve(),
        () => true,
      );
      return true;
    } catch (error) {
      const known = error instanceof AppError && error.code === 'NOT_REPLICATED';
      return known ? 'too few replicas have what is written' : 'cannot wait for replicas';
    }
  }

  private async rounds(): Promise<void> {
    while (this.waiting.length > 0) {
      const jobs = this.waiting;
      this.waiting = [];
      const connected = await this.connected();
      if (connected) await this.round(jobs);
      else for (const { reject } of jobs) reject(new Error('no connection'));
    }
    this.running = false;
  }

  private async round(jobs: readonly Job[]): Promise<void> {
    let onClose: () => void = () => undefined;
    const lost = new Promise<never>((_, reject) => {
      onClose = () => reject(new Error('connection lost'));
    });
    this.redis.once('close', onClose);
    // Sent in one go: nothing of another round comes between. A lost connection leaves them without an answer.
    const replies = jobs.map(({ run }) => Promise.race([run(), lost]));
    const kept = Promise.race([this.keep(), lost]);
    await Promise.all([...replies, kept].map((promise) => promise.catch(() => undefined)));
    this.redis.off('close', onClose);
    await Promise.all(
      jobs.map(async ({ mustBeKept, resolve, reject }, i) => {
        try {
          const reply = await replies[i];
          if (mustBeKept(reply) && !(await kept))
            throw new AppError('NOT_REPLICATED', { retryAfterMs: RETRY_AFTER_MS });
          resolve(reply);
        } catch (error) {
          reject(error);
        }
      }),
    );
  }

  /** Whether everything written on this connection so far is where it should be, in time. */
  private async keep(): Promise<boolean> {
    const { replicas, fsync } = this.level;
    const marked = this.redis.set(this.mark, 1, 'PX', MARK_TTL_MS);
    if (!fsync) {
      const [, reached] = await Promise.all([marked, this.redis.wait(replicas, REPLICATED_WITHIN_MS)]);
      return reached >= replicas;
    }
    const waited = this.redis.call('WAITAOF', 1, replicas, REPLICATED_WITHIN_MS) as Promise<number[]>;
    const [, [local = 0, remote = 0]] = await Promise.all([marked, waited]);
    return local >= 1 && remote >= replicas;
  }

  private connected(): Promise<boolean> {
    if (this.redis.status === 'ready') return Promise.resolve(true);
    return new Promise((resolve) => {
      const settle = (connected: boolean) => {
        clearTimeout(timer);
        this.redis.off('ready', onReady);
        resolve(connected);
      };
      const onReady = () => settle(true);
      const timer = setTimeout(() => settle(false), CONNECTED_WITHIN_MS);
      this.redis.once('ready', onReady);
    });
  }
}

/**
 * @returns Why this server can never answer for the level; undefined when it can. (Too few replicas now is another matter.)
 */
export async function unsupportedLevel(redis: RedisConnection, level: AckLevel): Promise<string | undefined> {
  if (!level.fsync) return undefined;
  const [known] = (await redis.call('COMMAND', 'INFO', 'WAITAOF')) as [unknown];
  if (!known) return 'this Redis has no WAITAOF: PARLEY_ACK_FSYNC needs Redis 7.2 or newer';
  const info = await redis.info('persistence');
  return /^aof_enabled:1\r?$/m.test(info)
    ? undefined
    : 'this Redis has no append file: PARLEY_ACK_FSYNC needs appendonly yes';
}
