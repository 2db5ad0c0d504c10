import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  eventually,
  freePort,
  sharedRedis,
  startRedis,
  startTcpProxy,
  uniquePrefix,
  type RedisHarness,
  type StartRedisOptions,
} from './index.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

async function harness(options?: StartRedisOptions): Promise<{ server: RedisHarness; redis: Redis }> {
  const server = await startRedis(options);
  const redis = new Redis(server.url, { retryStrategy: () => 20, maxRetriesPerRequest: null });
  redis.on('error', () => undefined);
  onTestFinished(async () => {
    redis.disconnect();
    await server.stop();
  });
  return { server, redis };
}

describe('startRedis', () => {
  it('keeps an acknowledged write through kill and restart, on the same port', async () => {
    const { server, redis } = await harness();
    await redis.set('kept', 'yes');
    const { port, pid } = server;
    await server.kill();
    await server.restart();
    expect(server.port).toBe(port);
    expect(server.pid).not.toBe(pid);
    expect(await redis.get('kept')).toBe('yes');
    await server.restart();
    expect(await redis.get('kept')).toBe('yes');
  });

  it('forgets without the append-only file', async () => {
    const { server, redis } = await harness({ appendOnly: false });
    await redis.set('kept', 'no');
    await server.kill();
    await server.restart();
    expect(await redis.get('kept')).toBeNull();
  });

  it('answers nothing while paused, and everything after', async () => {
    const { server, redis } = await harness({ extraArgs: ['--maxmemory', '64mb'] });
    expect(await redis.config('GET', 'maxmemory')).toEqual(['maxmemory', String(64 * 1024 * 1024)]);
    server.pause();
    const answer = redis.incr('n');
    const early = await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 100, 'silence'))]);
    expect(early).toBe('silence');
    server.resume();
    expect(await answer).toBe(1);
    server.pause();
    await server.restart();
    expect(await redis.get('n')).toBe('1');
  });

  it('keeps a given directory and refuses a taken port', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'parley-spec-'));
    onTestFinished(() => rmSync(dir, { recursive: true }));
    const port = await freePort();
    const { server } = await harness({ dir, port });
    expect(server.url).toBe(`redis://127.0.0.1:${port}`);
    await expect(startRedis({ port })).rejects.toThrow(/ended at once/);
    await server.stop();
    await server.stop();
    expect(existsSync(join(dir, 'appendonlydir'))).toBe(true);
  });

  it('goes back to an older copy of its files', async () => {
    const { server, redis } = await harness();
    await redis.set('n', 1);
    const copy = server.copyFiles();
    await redis.set('n', 2);
    expect(() => server.restoreFiles(copy)).toThrow(/running/);
    await server.kill();
    server.restoreFiles(copy);
    await server.restart();
    expect(await redis.get('n')).toBe('1');
  });

  it('has a replica, that can be behind when it is promoted, and stays what it is over a restart', async () => {
    const { server: primary, redis } = await harness();
    const link = await startTcpProxy({ target: { host: '127.0.0.1', port: primary.port } });
    onTestFinished(() => link.close());
    const { server: replica, redis: other } = await harness({ replicaOfPort: link.port });
    await redis.set('n', 1);
    await replica.synced();
    expect(await other.get('n')).toBe('1');
    await link.cut();
    await redis.set('n', 2);
    await replica.promote();
    await other.incr('n');
    await primary.follow(replica.port);
    await primary.synced();
    expect(await redis.get('n')).toBe('2');
    await expect(redis.set('n', 3)).rejects.toThrow(/^READONLY/);
    await primary.restart();
    await eventually(async () => expect(await redis.role()).toContain('slave'));
    await expect(replica.synced()).rejects.toThrow('a primary waits for nobody');
  });

  it('says what is missing when there is no server on PATH', async () => {
    vi.stubEnv('PATH', '/nonexistent');
    await expect(startRedis()).rejects.toThrow(/put redis-server or valkey-server on PATH/);
  });
});

describe('sharedRedis', () => {
  it('starts one server per file, or uses REDIS_URL', async () => {
    vi.stubEnv('REDIS_URL', undefined);
    const own = await sharedRedis();
    expect(await sharedRedis()).toBe(own);
    await own.stop();
    const { server } = await harness();
    vi.stubEnv('REDIS_URL', server.url);
    expect((await sharedRedis()).url).toBe(server.url);
  });

  it('never ignores a REDIS_URL that does not answer', async () => {
    vi.resetModules();
    vi.stubEnv('REDIS_URL', `redis://:secret@127.0.0.1:${await freePort()}`);
    const fresh = await import('./index.js');
    const error = await fresh.sharedRedis().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect((error as Error).message).toMatch(/^REDIS_URL is set, but no Redis answers there: .*ECONNREFUSED/);
    expect((error as Error).message).not.toContain('secret');
  });
});

describe('uniquePrefix', () => {
  it('is unique, readable and safe in a key', () => {
    expect(uniquePrefix('resume {storm}:x')).toMatch(/^t-[0-9a-f]{12}-resume-storm-x:$/);
    expect(uniquePrefix()).toMatch(/^t-[0-9a-f]{12}:$/);
    expect(uniquePrefix('a')).not.toBe(uniquePrefix('a'));
  });
});
