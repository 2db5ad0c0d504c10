import { eventually, makeAuthority, startRedis } from '@parley/testing';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findExecutable } from '../lib/find-executable.mjs';
import { anyFreePort, portProblem } from '../lib/ports.mjs';
import { isAlive } from '../lib/process-info.mjs';
import { findOrStartRedis } from '../lib/redis/find-or-start.mjs';
import { ask, inspect } from '../lib/redis/resp.mjs';

const host = '127.0.0.1';
const stopMs = 3000;
type Found = Awaited<ReturnType<typeof findOrStartRedis>>;

let folder: string;
let notes: string[];
let cleanUps: (() => unknown)[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-find-redis-'));
  notes = [];
  cleanUps = [];
});

afterEach(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
  rmSync(folder, { recursive: true, force: true });
});

/** A PATH with nothing on it but what is named. */
function pathWith(...programs: string[]): string {
  const bin = mkdtempSync(join(folder, 'bin-'));
  for (const program of programs)
    symlinkSync(findExecutable(program) ?? `/missing/${program}`, join(bin, program));
  return bin;
}

async function find(
  usualPort: number,
  options: { env?: NodeJS.ProcessEnv; name?: string } = {},
): Promise<Found> {
  const found = await findOrStartRedis({
    dataDir: join(folder, options.name ?? 'one', '.data'),
    env: options.env ?? { PATH: pathWith('redis-server') },
    say: (what) => notes.push(what),
    usualPort,
    cache: join(folder, 'cache'),
  });
  cleanUps.push(() => found.stop(stopMs));
  return found;
}

const portOf = (found: Found): number => Number(new URL(found.url).port);
const command = (port: number, ...words: string[]) => ask({ host, port }, [words]);
const settings = async (port: number, name: string) => (await command(port, 'CONFIG', 'GET', name))[0];

async function listen(answer?: string): Promise<number> {
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    if (answer !== undefined) socket.end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  cleanUps.push(() => server.close());
  return (server.address() as net.AddressInfo).port;
}

describe('a Redis given by URL', () => {
  it('is used, and left alone at the end', async () => {
    const port = portOf(await find(await anyFreePort()));
    const given = await find(1, { env: { REDIS_URL: `redis://${host}:${port}`, PATH: pathWith() } });
    await given.stop(stopMs);
    expect(given.url).toBe(`redis://${host}:${port}`);
    await expect(inspect({ host, port })).resolves.toMatchObject({
      version: expect.stringMatching(/^\d/) as string,
    });
  });

  it('may stand in a file, and an error does not say what is in it', async () => {
    const port = portOf(await find(await anyFreePort()));
    const file = join(folder, 'redis-url');
    writeFileSync(file, `redis://${host}:${port}\n`);
    const env = { PARLEY_REDIS_URL_FILE: file, PATH: pathWith() };
    expect((await find(1, { env })).url).toBe(`redis://${host}:${port}`);
    writeFileSync(file, `redis://:geheim@${host}:1`);
    await expect(find(1, { env })).rejects.toThrow(
      /^PARLEY_REDIS_URL_FILE \(127\.0\.0\.1:1\) cannot be used(?!.*geheim)/,
    );
    rmSync(file);
    await expect(find(1, { env })).rejects.toThrow('PARLEY_REDIS_URL_FILE names a file that cannot be read');
  });

  it('that does not answer is an error without its password, though another Redis could be started', async () => {
    const env = {
      PARLEY_REDIS_URL: `redis://:geheim@${host}:${await anyFreePort()}`,
      PATH: pathWith('redis-server'),
    };
    const error = (await find(await anyFreePort(), { env }).catch((reason: unknown) => reason)) as Error;
    expect(error.message).toMatch(
      /^PARLEY_REDIS_URL \(127\.0\.0\.1:\d+\) cannot be used: nothing listens there/,
    );
    expect(error.message + notes.join()).not.toContain('geheim');
  });

  it('speaks TLS with an authority of its own, and is refused without it', async () => {
    const authority = await makeAuthority();
    const tls = authority.write('redis', await authority.issue());
    const server = await startRedis({ tls });
    cleanUps.push(() => server.stop(), authority.remove);
    const REDIS_URL = `rediss://127.0.0.1:${server.tlsPort}`;
    const found = await find(0, { env: { REDIS_URL, PARLEY_REDIS_CA_FILE: authority.caFile } });
    expect(found.url).toBe(REDIS_URL);
    await expect(find(0, { env: { REDIS_URL } })).rejects.toThrow(
      'no authority that is trusted here (PARLEY_REDIS_CA_FILE',
    );
  });

  it('with a wrong password is an error that says so', async () => {
    const port = portOf(await find(await anyFreePort()));
    await command(port, 'CONFIG', 'SET', 'requirepass', 'right');
    for (const [login, reason] of [
      [':geheim@', /login refused/],
      ['', /asks for a password/],
    ] as const) {
      const env = { REDIS_URL: `redis://${login}${host}:${port}`, PATH: pathWith() };
      const error = (await find(1, { env }).catch((caught: unknown) => caught)) as Error;
      expect(error.message).toMatch(reason);
      expect(error.message).not.toContain('geheim');
    }
  });
});

describe('a server of our own', () => {
  it('listens on the usual port, on this machine only, with its AOF on', async () => {
    const usualPort = await anyFreePort();
    const port = portOf(await find(usualPort));
    expect(port).toBe(usualPort);
    expect(await settings(port, 'appendonly')).toEqual(['appendonly', 'yes']);
    expect(await settings(port, 'appendfsync')).toEqual(['appendfsync', 'always']);
    expect(await settings(port, 'bind')).toEqual(['bind', host]);
    expect((await inspect({ host, port })).dir).toBe(join(folder, 'one/.data/redis'));
  });

  it('keeps its data over a stop, and is gone after it', async () => {
    const first = await find(await anyFreePort());
    const { pid } = await inspect({ host, port: portOf(first) });
    await command(portOf(first), 'SET', 'k', 'v');
    await first.stop(stopMs);
    expect(isAlive(pid ?? 0)).toBe(false);
    expect(await command(portOf(await find(await anyFreePort())), 'GET', 'k')).toEqual(['v']);
  });

  // Two servers on one AOF folder write over each other: after a kill -9 of `npm start` the old one lives on.
  it.each([
    ['its notes in place', false],
    ['its notes lost', true],
  ])('left running is taken over: %s', async (_case, lost) => {
    const usualPort = await anyFreePort();
    const first = await find(usualPort);
    if (lost) rmSync(join(folder, 'one/.data/redis/server-port'));
    const second = await find(usualPort);
    expect(second.url).toBe(first.url);
    expect(second.summary).toContain('taken over');
    const { pid } = await inspect({ host, port: usualPort });
    await second.stop(stopMs);
    expect(isAlive(pid ?? 0)).toBe(false);
  });

  it('left running but paused is reported, not doubled', async () => {
    const first = await find(await anyFreePort());
    const { pid = 0 } = await inspect({ host, port: portOf(first) });
    process.kill(pid, 'SIGSTOP');
    try {
      await expect(find(await anyFreePort())).rejects.toThrow(`kill -9 ${pid}`);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  });

  it('comes back on the same port with its data after kill -9', async () => {
    const found = await find(await anyFreePort());
    const port = portOf(found);
    found.keepAlive((what) => notes.push(what));
    await command(port, 'SET', 'k', 'v');
    const { pid = 0 } = await inspect({ host, port });
    process.kill(pid, 'SIGKILL');
    await eventually(async () => expect(await command(port, 'GET', 'k')).toEqual(['v']), {
      timeoutMs: 8000,
      intervalMs: 50,
    });
    expect(notes).toContain('Redis ended unexpectedly, starting it again');
  });
});

describe('ending a server of our own', () => {
  const filesOf = (name = 'one') => readdirSync(join(folder, name, '.data/redis'));

  it('that is kept alive does not bring it back, and forgets where it was', async () => {
    const found = await find(await anyFreePort());
    const { pid = 0 } = await inspect({ host, port: portOf(found) });
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    cleanUps.push(() => vi.useRealTimers());
    found.keepAlive((what) => notes.push(what));
    expect(filesOf()).toContain('server-port');
    await found.stop(stopMs);
    expect(isAlive(pid)).toBe(false);
    vi.advanceTimersByTime(1_000);
    expect(notes).toEqual([]);
    expect(filesOf()).not.toContain('server-port');
    expect(filesOf()).not.toContain('redis.pid');
    expect(await portProblem(portOf(found), host)).toBeUndefined();
  });

  it('that does not answer kills it at the deadline', async () => {
    const found = await find(await anyFreePort());
    const { pid = 0 } = await inspect({ host, port: portOf(found) });
    process.kill(pid, 'SIGSTOP');
    await found.stop(100);
    expect(isAlive(pid)).toBe(false);
  });

  // The one that was just being started again was not known yet, and lived on.
  it('while it is started again ends the new one', async () => {
    const found = await find(await anyFreePort());
    const port = portOf(found);
    found.keepAlive((what) => notes.push(what));
    const { pid = 0 } = await inspect({ host, port });
    process.kill(pid, 'SIGKILL');
    await eventually(() => expect(notes).toContain('Redis ended unexpectedly, starting it again'), {
      timeoutMs: 10_000,
      intervalMs: 5,
    });
    await found.stop(stopMs);
    expect(await portProblem(port, host)).toBeUndefined();
  });

  it('is brought back as often as it dies, one at a time', async () => {
    const found = await find(await anyFreePort());
    const port = portOf(found);
    found.keepAlive((what) => notes.push(what));
    for (let life = 1; life <= 2; life++) {
      const { pid = 0 } = await inspect({ host, port });
      process.kill(pid, 'SIGKILL');
      await eventually(() => expect(notes.filter((note) => note === 'Redis is back')).toHaveLength(life), {
        timeoutMs: 15_000,
        intervalMs: 20,
      });
      expect((await inspect({ host, port })).pid).not.toBe(pid);
    }
    expect(notes.filter((note) => note.startsWith('Redis ended'))).toHaveLength(2);
  });
});

describe('the usual port', () => {
  it('is taken by something that is not a Redis: ours takes another', async () => {
    const usualPort = await listen('HTTP/1.1 400 Bad Request\r\n\r\n');
    expect(portOf(await find(usualPort))).not.toBe(usualPort);
    expect(notes.join()).toContain('not a Redis');
  });

  it('is taken by something that never answers: ours takes another', async () => {
    const usualPort = await listen();
    expect(portOf(await find(usualPort))).not.toBe(usualPort);
    expect(notes.join()).toContain('no answer in time');
  });

  // Both folders would share keys, and the end of one would take the other's Redis away.
  it('is held by the server of another folder: ours takes another', async () => {
    const other = await find(await anyFreePort(), { name: 'other' });
    const found = await find(portOf(other));
    expect(found.url).not.toBe(other.url);
    expect(notes.join()).toContain(`belongs to ${join(folder, 'other')}`);
  });
});

describe('a machine without a server', () => {
  it('gets the commands that install one', async () => {
    const attempt = find(await anyFreePort(), { env: { PATH: pathWith() } });
    await expect(attempt).rejects.toThrow(
      /No Redis was found[^]*apt-get install -y redis-server[^]*brew install[^]*docker run/,
    );
  });

  it('does not use one that is too old or does not run', async () => {
    const bin = join(folder, 'odd');
    mkdirSync(bin);
    writeFileSync(join(bin, 'redis-server'), '#!/bin/sh\necho "Redis server v=5.0.14 sha=0"\n');
    writeFileSync(join(bin, 'valkey-server'), '#!/bin/sh\nexit 127\n');
    for (const name of ['redis-server', 'valkey-server']) chmodSync(join(bin, name), 0o755);
    await expect(find(await anyFreePort(), { env: { PATH: bin } })).rejects.toThrow('No Redis was found');
    expect(notes.join('\n')).toMatch(
      /redis-server is too old \(5\.0\.14.*\n.*valkey-server does not run here/,
    );
  });
});
