import { freePort, startRedis, startTcpProxy, type RedisHarness, type TcpProxy } from '@parley/testing';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import sqlite3 from 'sqlite3';
import { Stack, type AppProcess } from '../stack.js';

export type ReplicatedApp = 'logic' | 'task-worker' | 'connect-gateway';
type App = ReplicatedApp | 'gateway-api';

/** A stack whose processes come back at the same addresses, and whose Redis is reached through a fault proxy. */
export class ChaosStack {
  private readonly portsOf = new Map<AppProcess, Readonly<Record<string, string>>>();

  private constructor(
    readonly stack: Stack,
    readonly redis: RedisHarness,
    readonly proxy: TcpProxy,
  ) {}

  static async start(env: Readonly<Record<string, string>>): Promise<ChaosStack> {
    const redis = await startRedis({ appendFsync: 'always' });
    const proxy = await startTcpProxy({ target: { host: '127.0.0.1', port: redis.port } });
    const stack = await Stack.start({
      replicas: 0,
      redis,
      env: { ...env, PARLEY_REDIS_URL: `redis://127.0.0.1:${proxy.port}` },
    });
    const chaos = new ChaosStack(stack, redis, proxy);
    // Its gateway-api listens on any port; here every address stays.
    await stack.of('gateway-api')[0]?.process.terminate(10_000);
    const api = { PARLEY_API_PORT: String(await freePort()) };
    const spawns = [
      chaos.spawn('gateway-api', api),
      ...[1, 2].flatMap(() => [chaos.spawn('logic', {}), chaos.spawn('task-worker', {})]),
    ];
    for (let i = 0; i < 2; i++)
      spawns.push(
        chaos.spawn('connect-gateway', {
          PARLEY_WS_PORT: String(await freePort()),
          PARLEY_TCP_PORT: String(await freePort()),
        }),
      );
    await Promise.all(spawns);
    return chaos;
  }

  processesOf(app: App): AppProcess[] {
    return this.stack.of(app);
  }

  /** Addresses of the gateways; they stay the same over restarts. */
  gateways(): { wsPort: number; tcpPort: number }[] {
    return this.processesOf('connect-gateway').map(({ ports }) => ({
      wsPort: ports['ws'] ?? 0,
      tcpPort: ports['tcp'] ?? 0,
    }));
  }

  /** Starts a process again that has ended, at its old address. */
  async respawn(ended: AppProcess): Promise<void> {
    await this.spawn(ended.app as App, this.portsOf.get(ended) ?? {});
  }

  /** Keeps the database locked by another connection. */
  async withLockedDatabase(forMs: number): Promise<void> {
    const database = await new Promise<sqlite3.Database>((resolve, reject) => {
      const opened = new sqlite3.Database(join(this.stack.dataDir, 'parley.sqlite3'), (error) =>
        error ? reject(error) : resolve(opened),
      );
    });
    const run = (sql: string) =>
      new Promise<void>((resolve, reject) =>
        database.run(sql, (error: Error | null) => (error ? reject(error) : resolve())),
      );
    await run('PRAGMA busy_timeout = 5000');
    await run('BEGIN IMMEDIATE');
    await pause(forMs);
    await run('ROLLBACK');
    await new Promise((resolve) => database.close(resolve));
  }

  async stop(): Promise<void> {
    await this.stack.stop();
    await this.proxy.close();
  }

  private async spawn(app: App, ports: Readonly<Record<string, string>>): Promise<void> {
    const started = await this.stack.spawn(app, ports);
    this.portsOf.set(started, ports);
  }
}
