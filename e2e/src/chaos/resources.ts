import { Redis } from 'ioredis';
import { readFileSync } from 'node:fs';
import type { ChaosStack } from './chaos-stack.js';

/** Memory of every process, and the size of every family of Redis keys, at one moment. */
export interface Resources {
  /** Milliseconds since the first sample. */
  readonly atMs: number;
  /** Resident memory by process, MiB. */
  readonly rssMib: Readonly<Record<string, number>>;
  /** Keys of a family, and elements in them together. */
  readonly keys: Readonly<Record<string, { readonly keys: number; readonly elements: number }>>;
}

const lengthCommand: Readonly<Record<string, string>> = {
  stream: 'xlen',
  hash: 'hlen',
  set: 'scard',
  zset: 'zcard',
  string: 'exists',
};

/** Takes samples of a stack, now and then. */
export class ResourceLog {
  readonly samples: Resources[] = [];
  private readonly startedAt = Date.now();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly stack: ChaosStack) {}

  start(intervalMs: number): void {
    // A Redis that is away at that moment: one sample less.
    this.timer = setInterval(() => void this.take().catch(() => undefined), intervalMs);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  async take(): Promise<void> {
    const atMs = Date.now() - this.startedAt;
    this.samples.push({ atMs, rssMib: this.memory(), keys: await this.keys() });
  }

  private memory(): Record<string, number> {
    const rssMib: Record<string, number> = { redis: rssOf(this.stack.site.primary.pid) };
    for (const { app, number, process } of this.stack.slots)
      if (process.running) rssMib[`${app} ${number}`] = rssOf(process.pid);
    return rssMib;
  }

  private async keys(): Promise<Resources['keys']> {
    const redis = new Redis(this.stack.site.primary.url, {
      retryStrategy: () => null,
      maxRetriesPerRequest: 0,
    });
    redis.on('error', () => undefined);
    const keys: Record<string, { keys: number; elements: number }> = {};
    try {
      let cursor = '0';
      do {
        const [next, found] = await redis.scan(cursor, 'COUNT', 1_000);
        cursor = next;
        const types = await pipelined(redis, found, (key) => ['type', key]);
        const lengths = await pipelined(redis, found, (key, i) => [
          lengthCommand[String(types[i])] ?? 'exists',
          key,
        ]);
        for (const [i, key] of found.entries()) {
          const counted = (keys[familyOf(key)] ??= { keys: 0, elements: 0 });
          counted.keys++;
          counted.elements += Number(lengths[i]);
        }
      } while (cursor !== '0');
    } finally {
      redis.disconnect();
    }
    return keys;
  }
}

async function pipelined(
  redis: Redis,
  keys: readonly string[],
  command: (key: string, index: number) => [string, string],
): Promise<unknown[]> {
  const results = (await redis.pipeline(keys.map(command)).exec()) ?? [];
  return results.map(([error, value]) => {
    if (error) throw error;
    return value;
  });
}

/** A key without what differs within its family: prefix, shard, ids. */
function familyOf(key: string): string {
  return key
    .replace(/^[^:]*:/, '')
    .replace(/^\{s\d+\}:/, '{s}:')
    .replace(/^(session|user):[^:]+/, '$1:<id>')
    .replace(/room:\d+/, 'room:<id>')
    .replace(/:(sent|on):.*$/, ':$1')
    .replace(/^(\{s\}:rooms-on|line:reports|write-check):[^:]+/, '$1:<id>');
}

function rssOf(pid: number): number {
  try {
    const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Math.round(Number(line?.[1] ?? 0) / 1_024);
  } catch {
    // Killed this very moment.
    return 0;
  }
}
