import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onExit } from './at-exit.js';
import { eventually } from './eventually.js';
import { findProgram } from './find-program.js';
import { freePort } from './free-port.js';
import { spawnProcess, type ManagedProcess } from './managed-process.js';

/** Options of {@link startRedis}. */
export interface StartRedisOptions {
  /** Data directory; kept after `stop()`. @defaultValue a new temporary one, removed by `stop()` */
  dir?: string;
  /** @defaultValue a free one */
  port?: number;
  /** Whether writes survive `kill()`. @defaultValue true */
  appendOnly?: boolean;
  /** @defaultValue 'everysec', which survives `kill()` too: only a machine crash tells them apart */
  appendFsync?: 'always' | 'everysec' | 'no';
  /** Further command line arguments, for example `['--maxmemory', '1mb']`. */
  extraArgs?: readonly string[];
}

/** A Redis of the test's own, to be broken at will. */
export interface RedisHarness {
  readonly url: string;
  readonly port: number;
  /** Changes with every restart. */
  readonly pid: number;
  /** SIGSTOP: connections stay, nothing is answered. */
  pause(): void;
  /** SIGCONT after `pause()`. */
  resume(): void;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** Starts again on the same port and data, stopping it first if it runs; resolves when loaded. */
  restart(): Promise<void>;
  /** Ends it and removes a temporary data directory. Repeatable. */
  stop(): Promise<void>;
}

/** Tries with another port when somebody took the free one first. */
const MAX_START_ATTEMPTS = 3;
const READY_TIMEOUT_MS = 30_000;
const PROBE_TIMEOUT_MS = 1_000;

/**
 * Starts a Redis server on 127.0.0.1, ready to answer.
 *
 * @throws {Error} when there is no `redis-server` or `valkey-server` on PATH, or it does not come up.
 */
export async function startRedis(options: StartRedisOptions = {}): Promise<RedisHarness> {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'parley-redis-'));
  const removeDir = (): void => {
    if (options.dir === undefined) rmSync(dir, { recursive: true, force: true });
  };
  const forget = onExit(removeDir);
  let started: { server: ManagedProcess; port: number };
  try {
    started = await startOnSomePort(dir, options);
  } catch (error) {
    forget();
    removeDir();
    throw error;
  }
  let { server } = started;
  const { port } = started;

  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    get pid() {
      return server.pid;
    },
    pause: () => server.pause(),
    resume: () => server.resume(),
    kill: async () => {
      await server.kill9();
    },
    restart: async () => {
      // A paused server would only see SIGTERM once it is woken.
      if (server.running) server.resume();
      await server.terminate();
      server = await launch(dir, port, options);
    },
    stop: async () => {
      await server.kill9();
      forget();
      removeDir();
    },
  };
}

async function startOnSomePort(
  dir: string,
  options: StartRedisOptions,
): Promise<{ server: ManagedProcess; port: number }> {
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort());
    try {
      return { server: await launch(dir, port, options), port };
    } catch (error) {
      const portTaken = error instanceof Error && error.message.includes('Address already in use');
      if (!portTaken || options.port !== undefined || attempt === MAX_START_ATTEMPTS) throw error;
    }
  }
}

async function launch(dir: string, port: number, options: StartRedisOptions): Promise<ManagedProcess> {
  const { appendOnly = true, appendFsync = 'everysec', extraArgs = [] } = options;
  const server = await spawnProcess({
    command: findRedisServer(),
    args: [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--daemonize', 'no'],
      ...['--appendonly', appendOnly ? 'yes' : 'no', '--appendfsync', appendFsync],
      ...extraArgs,
    ],
    name: `redis-server:${port}`,
  });
  try {
    await eventually(
      async () => {
        if (server.running) await assertReady(port, server.pid);
      },
      { timeoutMs: READY_TIMEOUT_MS, message: 'redis-server to be ready' },
    );
    if (!server.running) throw new Error(`redis-server ended at once:\n${server.output()}`);
    return server;
  } catch (error) {
    await server.kill9();
    throw error;
  }
}

/** Asks for the pid too: on a port lost to somebody else, another server might answer. */
async function assertReady(port: number, pid: number): Promise<void> {
  const reply = await askRedis(port, 'PING\r\nINFO server\r\n', (text) => text.includes('process_id:'));
  // While the append-only file is loaded, PING is answered with -LOADING.
  if (!reply.startsWith('+PONG')) throw new Error(`answered ${reply.slice(0, 60)}`);
  if (!reply.includes(`process_id:${pid}\r\n`)) throw new Error('another server answers on this port');
}

function askRedis(port: number, commands: string, isComplete: (reply: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    let reply = '';
    const socket = connect({ host: '127.0.0.1', port });
    socket.setEncoding('utf8').setTimeout(PROBE_TIMEOUT_MS, () => socket.destroy(new Error('no answer')));
    socket.once('connect', () => socket.write(commands));
    socket.on('data', (text: string) => {
      reply += text;
      if (!isComplete(reply)) return;
      socket.destroy();
      resolve(reply);
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('connection closed')));
  });
}

/** Full path of the first Redis or Valkey server on PATH. */
function findRedisServer(): string {
  const found = findProgram(['redis-server', 'valkey-server']);
  if (found !== undefined) return found;
  throw new Error(
    'These tests need a real Redis: put redis-server or valkey-server on PATH (apt install redis-server).',
  );
}
