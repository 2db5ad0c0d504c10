import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { RedisKeys } from '@parley/redis';
import { SHARD_COUNT, shardOf } from '@parley/sharding';
import { eventually } from '@parley/testing';
import { Redis } from 'ioredis';
import { makeRooms } from '../../rooms-in-sql.js';
import { databaseOf } from '../../session-token.js';
import { jwtSecret, Stack } from '../../stack.js';
import type { Target } from '../load/commands.js';
import type { Contestant } from './contestant.js';

/** Rooms made here start above those that the first start makes. */
const FIRST_ROOM = 1_001;
const SETTLE_WITHIN_MS = 300_000;

/** All of it comes from one machine and a few users: no limit on how much anybody may do. */
const unlimited = Object.fromEntries(
  [
    'SEND_BURST',
    'SENDS_PER_SECOND',
    'REQUESTS_PER_SECOND',
    'CONNECTIONS_PER_ADDRESS',
    'CONNECTIONS_PER_USER',
    'MAX_CONNECTIONS',
  ].map((name) => [`PARLEY_${name}`, '1000000']),
);

/** Of a process, bytes. */
export interface Memory {
  readonly heapUsed: number;
  readonly external: number;
  readonly rss: number;
}

/** How it is started. */
export interface ParleyOptions {
  /** Where the bench is. */
  readonly root: string;
  /** Processes of each app. */
  readonly replicas: number;
  /** A workspace whose apps are built. @defaultValue root */
  readonly workspace?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Parley as it is built, Redis with `appendfsync always`, SQLite. */
export class ParleyContestant implements Contestant {
  private nextRoom = FIRST_ROOM;
  private readonly streams: readonly string[];

  private constructor(
    readonly name: string,
    readonly stack: Stack,
    readonly redis: Redis,
    private readonly database: string,
    private readonly memoryFile: string,
  ) {
    const keys = new RedisKeys(stack.redisPrefix, { shardCount: SHARD_COUNT, shardOf });
    this.streams = Array.from({ length: SHARD_COUNT }, (_, shard) => keys.dispatch(shard));
  }

  static async start({
    root,
    replicas,
    workspace = root,
    env = {},
  }: ParleyOptions): Promise<ParleyContestant> {
    const memoryFile = join(mkdtempSync(join(tmpdir(), 'parley-bench-')), 'memory');
    const reporter = join(root, 'e2e/src/bench/accounting/report-memory.mjs');
    const stack = await Stack.start({
      replicas,
      workspace,
      env: {
        ...unlimited,
        NODE_OPTIONS: `--import=${pathToFileURL(reporter)}`,
        BENCH_MEMORY_FILE: memoryFile,
        ...env,
      },
    });
    const database = databaseOf(await stack.login('demo'));
    const name = workspace === root ? 'Parley' : 'Parley beside';
    return new ParleyContestant(name, stack, new Redis(stack.redis.url), database, memoryFile);
  }

  get target(): Target {
    return {
      wire: 'parley',
      sockets: this.stack.of('connect-gateway').map((_, i) => this.stack.gateway(i).wsUrl),
      http: this.stack.apiUrl,
      secret: jwtSecret,
      database: this.database,
    };
  }

  pids(): Record<string, number> {
    const pids: Record<string, number> = { redis: this.stack.redis.pid };
    for (const { app, process } of this.stack.apps)
      if (process.running) pids[app in pids ? `${app} ${process.pid}` : app] = process.pid;
    return pids;
  }

  async rooms(count: number): Promise<readonly number[]> {
    const ids = Array.from({ length: count }, () => this.nextRoom++);
    await makeRooms(this.stack, ids);
    return ids;
  }

  /** Until both consumer groups have acknowledged everything. */
  async settle(): Promise<number> {
    const startedAt = performance.now();
    while ((await this.backlog()) > 0) {
      if (performance.now() - startedAt > SETTLE_WITHIN_MS) throw new Error('the backlog does not end');
      await sleep(20);
    }
    return performance.now() - startedAt;
  }

  /** Memory of the first gateway after a forced garbage collection, bytes. */
  async memoryOfGateway(): Promise<Memory> {
    const { pid } = this.stack.gateway().process;
    const file = `${this.memoryFile}.${pid}`;
    const linesBefore = linesOf(file).length;
    process.kill(pid, 'SIGUSR2');
    return eventually(() => {
      const lines = linesOf(file);
      if (lines.length <= linesBefore) throw new Error('the gateway has not told its memory');
      return JSON.parse(lines.at(-1) as string) as Memory;
    });
  }

  /** Dispatch streams of which a consumer group has something left; one is there once its shard has had a message. */
  async backlog(): Promise<number> {
    const pipeline = this.redis.pipeline();
    // By name: to look for them is to read every key, and cost Redis more than the work that is measured.
    for (const stream of this.streams) pipeline.xinfo('STREAM', stream).xinfo('GROUPS', stream);
    const results = ((await pipeline.exec()) ?? []).map(([error, value]) => {
      if (error && !error.message.includes('no such key')) throw error;
      return value as unknown[] | undefined;
    });
    return this.streams.filter((_, i) => {
      const newest = field(results[2 * i] ?? [], 'last-generated-id');
      // Not by `lag`: Redis may lose count of it.
      return ((results[2 * i + 1] ?? []) as unknown[][]).some(
        (group) => Number(field(group, 'pending')) > 0 || field(group, 'last-delivered-id') !== newest,
      );
    }).length;
  }

  async stop(): Promise<void> {
    this.redis.disconnect();
    await this.stack.stop();
  }
}

/** A field of what XINFO answers. */
const field = (fields: readonly unknown[], name: string): unknown => fields[fields.indexOf(name) + 1];

function linesOf(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n');
  } catch {
    return [];
  }
}
