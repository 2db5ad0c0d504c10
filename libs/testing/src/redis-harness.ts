import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askRedis } from './ask-redis.js';
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
  /** Follows the server on this port of 127.0.0.1, which may be a proxy to be cut. @defaultValue it is a primary */
  replicaOfPort?: number;
  /** Speaks TLS on a port of its own, beside the plain one that the harness uses. */
  tls?: { readonly certFile: string; readonly keyFile: string };
  /** Further command line arguments, for example `['--maxmemory', '1mb']`. */
  extraArgs?: readonly string[];
}

/** A copy of a server's files, for {@link RedisHarness.restoreFiles}. */
export interface RedisFiles {
  readonly dir: string;
}

/** A Redis of the test's own, to be broken at will. */
export interface RedisHarness {
  readonly url: string;
  readonly port: number;
  /** Where it speaks TLS; undefined where it does not. */
  readonly tlsPort: number | undefined;
  /** Changes with every restart. */
  readonly pid: number;
  /** SIGSTOP: connections stay, nothing is answered. */
  pause(): void;
  /** SIGCONT after `pause()`. */
  resume(): void;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** Starts again on the same port and data, in the same role, stopping it first if it runs; resolves when loaded. */
  restart(): Promise<void>;
  /** Becomes a replica of the server on that port; open connections stay. Resolves when it has been told, not when it has synced. */
  follow(port: number): Promise<void>;
  /** Resolves when the replica has what its primary had when this was called. */
  synced(): Promise<void>;
  /** A replica becomes a primary with what it has; a primary stays one. Open connections stay. */
  promote(): Promise<void>;
  /** Copies the files as they are now, running or not: what a backup, or a power cut under `everysec`, has. */
  copyFiles(): RedisFiles;
  /** Puts an older copy in the place of the files. The server must be down: {@link kill} it first. */
  restoreFiles(copy: RedisFiles): void;
  /** Ends it and removes a temporary data directory. Repeatable. */
  stop(): Promise<void>;
}

/** Tries with another port when somebody took the free one first. */
const MAX_START_ATTEMPTS = 3;
const READY_TIMEOUT_MS = 30_000;

/**
 * Starts a Redis server on 127.0.0.1, ready to answer.
 *
 * @throws {Error} when there is no `redis-server` or `valkey-server` on PATH, or it does not come up.
 */
export async function startRedis(options: StartRedisOptions = {}): Promise<RedisHarness> {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'parley-redis-'));
  const copies: string[] = [];
  const removeDir = (): void => {
    if (options.dir === undefined) rmSync(dir, { recursive: true, force: true });
    for (const copy of copies) rmSync(copy, { recursive: true, force: true });
  };
  const forget = onExit(removeDir);
  let started: { server: ManagedProcess; port: number };
  const tlsPort = options.tls ? await freePort() : undefined;
  try {
    started = await startOnSomePort(dir, withTls(options, tlsPort));
  } catch (error) {
    forget();
    removeDir();
    throw error;
  }
  let { server } = started;
  const { port } = started;
  let primaryPort = options.replicaOfPort;

  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    tlsPort,
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
      server = await launch(dir, port, { ...withTls(options, tlsPort), replicaOfPort: primaryPort });
    },
    follow: async (otherPort) => {
      primaryPort = otherPort;
      await tell(port, `REPLICAOF 127.0.0.1 ${otherPort}`);
    },
    synced: async () => {
      const primary = primaryPort;
      if (primary === undefined) throw new Error('a primary waits for nobody');
      const wanted = Number(await infoField(primary, 'master_repl_offset'));
      await eventually(
        async () => {
          if ((await infoField(port, 'master_link_status')) !== 'up') throw new Error('no link');
          if (Number(await infoField(port, 'slave_repl_offset')) < wanted) throw new Error('behind');
          // After a full copy it rewrites its own file, and will not stop before that is done.
          if ((await infoField(port, 'aof_rewrite_in_progress')) !== '0') throw new Error('rewriting');
        },
        { timeoutMs: READY_TIMEOUT_MS, message: 'the replica to be in step' },
      );
    },
    promote: async () => {
      primaryPort = undefined;
      await tell(port, 'REPLICAOF NO ONE');
    },
    copyFiles: () => {
      const copy = mkdtempSync(join(tmpdir(), 'parley-redis-copy-'));
      copies.push(copy);
      cpSync(dir, copy, { recursive: true });
      return { dir: copy };
    },
    restoreFiles: (copy) => {
      if (server.running) throw new Error('a running server would not notice');
      rmSync(dir, { recursive: true, force: true });
      cpSync(copy.dir, dir, { recursive: true });
    },
    stop: async () => {
      await server.kill9();
      forget();
      removeDir();
    },
  };
}

function withTls(options: StartRedisOptions, tlsPort: number | undefined): StartRedisOptions {
  const { tls, extraArgs = [] } = options;
  if (!tls) return options;
  const files = ['--tls-cert-file', tls.certFile, '--tls-key-file', tls.keyFile, '--tls-auth-clients', 'no'];
  return { ...options, extraArgs: ['--tls-port', String(tlsPort), ...files, ...extraArgs] };
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
  const { appendOnly = true, appendFsync = 'everysec', replicaOfPort, extraArgs = [] } = options;
  const server = await spawnProcess({
    command: findRedisServer(),
    args: [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--daemonize', 'no'],
      ...['--appendonly', appendOnly ? 'yes' : 'no', '--appendfsync', appendFsync],
      // A replica is served at once, not after the five seconds in which others might join it.
      ...['--repl-diskless-sync-delay', '0'],
      ...(replicaOfPort === undefined ? [] : ['--replicaof', '127.0.0.1', String(replicaOfPort)]),
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

async function tell(port: number, command: string): Promise<void> {
  const reply = await askRedis(port, `${command}\r\n`, (text) => text.endsWith('\r\n'));
  if (!reply.startsWith('+OK')) throw new Error(`${command} was answered ${reply.slice(0, 80)}`);
}

async function infoField(port: number, name: string): Promise<string> {
  const reply = await askRedis(port, 'INFO\r\nPING\r\n', (text) => text.includes('+PONG'));
  return new RegExp(`^${name}:(.*)\r$`, 'm').exec(reply)?.[1] ?? '';
}

/** Full path of the first Redis or Valkey server on PATH. */
function findRedisServer(): string {
  const found = findProgram(['redis-server', 'valkey-server']);
  if (found !== undefined) return found;
  throw new Error(
    'These tests need a real Redis: put redis-server or valkey-server on PATH (apt install redis-server).',
  );
}
