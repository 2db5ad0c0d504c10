import { Redis } from 'ioredis';
import { readFileSync } from 'node:fs';
import type { Stack } from '../stack.js';

/** Memory of every kind of process, and the size of every family of Redis keys, at one moment. */
export interface Resources {
  /** Resident memory of an app's processes together, MiB. */
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

export async function sampleResources(stack: Stack): Promise<Resources> {
  const rssMib: Record<string, number> = { redis: rssOf(stack.redis.pid) };
  for (const { app, process } of stack.apps)
    if (process.running) rssMib[app] = (rssMib[app] ?? 0) + rssOf(process.pid);
  const redis = new Redis(stack.redis.url);
  const keys: Record<string, { keys: number; elements: number }> = {};
  try {
    let cursor = '0';
    do {
      const [next, found] = await redis.scan(cursor, 'COUNT', 1_000);
      cursor = next;
      for (const key of found) {
        const command = lengthCommand[await redis.type(key)];
        const family = familyOf(key);
        const counted = (keys[family] ??= { keys: 0, elements: 0 });
        counted.keys++;
        counted.elements += command === undefined ? 0 : Number(await redis.call(command, key));
      }
    } while (cursor !== '0');
  } finally {
    redis.disconnect();
  }
  return { rssMib, keys };
}

/** A key without what differs within its family: prefix, shard, ids. */
function familyOf(key: string): string {
  return key
    .replace(/^[^:]*:/, '')
    .replace(/^\{s\d+\}:/, '{s}:')
    .replace(/^(session|user):[^:]+/, '$1:<id>')
    .replace(/room:\d+/, 'room:<id>')
    .replace(/:(sent|on):.*$/, ':$1');
}

function rssOf(pid: number): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Math.round(Number(line?.[1] ?? 0) / 1_024);
}
