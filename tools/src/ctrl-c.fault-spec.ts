import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { eventually } from '@parley/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { anyFreePort, portProblem } from '../lib/ports.mjs';
import { isAlive } from '../lib/process-info.mjs';
import { inspect } from '../lib/redis/resp.mjs';

const host = '127.0.0.1';
let dataDir: string;
let child: ChildProcess;
let lines: string[];
let redisPort: number;

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'parley-ctrl-c-'));
  redisPort = await anyFreePort();
});

afterEach(async () => {
  if (child.exitCode === null) child.kill('SIGKILL');
  const { pid } = await inspect({ host, port: redisPort }).catch(() => ({ pid: undefined }));
  if (pid) process.kill(pid, 'SIGKILL');
  rmSync(dataDir, { recursive: true, force: true });
});

/** What `npm start` runs, in a process of its own: signals and exit codes are what is tested. */
function start(appsDo: string): void {
  lines = [];
  const fixture = join(import.meta.dirname, 'testing/start.fixture.mjs');
  child = spawn(process.execPath, [fixture, dataDir, String(redisPort), appsDo], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (!child.stdout) throw new Error('no output');
  createInterface(child.stdout).on('line', (line) => lines.push(line));
}

const said = (start: string, times = 1) =>
  eventually(() => {
    const found = lines.filter((line) => line.includes(start));
    expect(found.length, lines.join('\n')).toBeGreaterThanOrEqual(times);
    return found[0] ?? '';
  });

/** The two apps, once they are ready, and Redis. */
async function everything(): Promise<{ apps: number[]; redis: number }> {
  const apps = (await said('all ready')).split(' ').slice(2).map(Number);
  const { pid = 0 } = await inspect({ host, port: redisPort });
  return { apps, redis: pid };
}

async function exitCode(): Promise<number | null> {
  if (child.exitCode === null) await once(child, 'exit');
  return child.exitCode;
}

describe('Ctrl-C', () => {
  it('lets the apps finish what they have in hand while Redis serves, then ends Redis and exits 0', async () => {
    start('drain');
    const { apps, redis } = await everything();
    child.kill('SIGINT');
    await said('told to end', 2);
    process.kill(apps[0] ?? 0, 'SIGUSR2');
    await eventually(() => expect(isAlive(apps[0] ?? 0)).toBe(false));
    expect(await inspect({ host, port: redisPort })).toMatchObject({ pid: redis });
    expect(existsSync(join(dataDir, 'start.lock'))).toBe(true);
    process.kill(apps[1] ?? 0, 'SIGUSR2');
    expect(await exitCode()).toBe(0);
    for (const pid of [...apps, redis]) expect(isAlive(pid)).toBe(false);
    expect(existsSync(join(dataDir, 'start.lock'))).toBe(false);
    expect(lines.filter((line) => line.includes('starting'))).toEqual(['redis is starting']);
    expect(lines.at(-1)).toBe('stopped');
  });

  it('twice ends all of it at once, whatever the apps have in hand', async () => {
    start('not-end');
    const { apps, redis } = await everything();
    child.kill('SIGINT');
    await said('told to end', 2);
    expect(apps.map(isAlive)).toEqual([true, true]);
    child.kill('SIGINT');
    expect(await exitCode()).toBe(0);
    for (const pid of [...apps, redis]) await eventually(() => expect(isAlive(pid)).toBe(false));
    expect(existsSync(join(dataDir, 'start.lock'))).toBe(false);
  });

  it('while Redis starts leaves none behind', async () => {
    start('');
    await said('redis is starting');
    child.kill('SIGINT');
    expect(await exitCode()).toBe(0);
    expect(lines.some((line) => line.includes('all ready'))).toBe(false);
    // Its folder says where it was to listen; nobody does.
    expect(await portProblem(redisPort, host)).toBeUndefined();
  });
});
