import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { startRedis, type RedisHarness } from '@parley/testing';
import type { Target } from '../load/commands.js';
import type { Contestant } from './contestant.js';

/** A server of this folder in a process of its own, to compare with. */
export class Baseline implements Contestant {
  private constructor(
    readonly name: string,
    readonly target: Target,
    private readonly child: ChildProcess,
    private readonly redis: RedisHarness | undefined,
  ) {}

  /** Socket.IO with its Redis adapter, on a Redis of its own, which has nothing to keep. */
  static async socketIo(root: string): Promise<Baseline> {
    const redis = await startRedis({ appendOnly: false });
    const { child, port } = await serve(root, 'socket-io-server.ts', [redis.url]);
    return new Baseline('Socket.IO', target('socket-io', port), child, redis);
  }

  /** One process that writes a prepared frame to every member. */
  static async floor(root: string): Promise<Baseline> {
    const { child, port } = await serve(root, 'floor-server.ts', []);
    return new Baseline('floor', target('floor', port), child, undefined);
  }

  pids(): Record<string, number> {
    return { server: this.child.pid ?? 0, ...(this.redis && { redis: this.redis.pid }) };
  }

  rooms(count: number): Promise<readonly number[]> {
    return Promise.resolve(Array.from({ length: count }, (_, i) => i + 1));
  }

  settle(): Promise<number> {
    return Promise.resolve(0);
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
    await this.redis?.stop();
  }
}

const target = (wire: Target['wire'], port: number): Target => ({
  wire,
  sockets: [`ws://127.0.0.1:${port}`],
  http: `http://127.0.0.1:${port}`,
});

async function serve(
  root: string,
  file: string,
  args: readonly string[],
): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const entry = join(root, 'e2e/src/bench/contestants', file);
  const child = fork(join(root, 'tools/run.mjs'), [entry, ...args], { cwd: root, execArgv: [] });
  const [port] = (await once(child, 'message')) as [number];
  return { child, port };
}
