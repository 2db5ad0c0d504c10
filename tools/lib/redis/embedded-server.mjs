import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { anyFreePort, portProblem } from '../ports.mjs';
import { commandOf, isAlive } from '../process-info.mjs';
import { UserError } from '../workspace.mjs';
import { inspect } from './resp.mjs';

/**
 * `always`: with `everysec` Redis may hold back its write for two seconds while an fsync is under way, and answers
 * meanwhile; a kill would take back what was acknowledged. See docs/adr/0008-appendfsync-always.md.
 */
export const appendFsync = 'always';

const host = '127.0.0.1';
/** Reading a big AOF takes a while. */
const readyTimeoutMs = 60_000;
/** A server that was paused or is still loading gets this long to answer before it is reported. */
const unresponsiveTimeoutMs = 5000;

/**
 * @typedef {object} EmbeddedServer
 * @property {number} port
 * @property {() => number} pid changes when it has been restarted.
 * @property {(onRestart: (line: string) => void) => void} keepAlive restarts it, on the same port, when it dies.
 * @property {(deadlineMs: number) => Promise<void>} stop SIGTERM (it writes and closes its AOF), at the deadline SIGKILL.
 */

/** @param {string} dir */
const files = (dir) => ({
  port: path.join(dir, 'server-port'),
  pid: path.join(dir, 'redis.pid'),
  log: path.join(dir, 'redis.log'),
});

/**
 * A server on our AOF folder that an earlier start left behind (it was killed with SIGKILL).
 * It is asked itself which folder it serves, so a reused pid or port cannot fool us.
 *
 * @param {string} dir AOF folder
 * @param {string} bin used if it has to be restarted later.
 * @param {number} usualPort looked at too, should our notes about the server be gone.
 * @returns {Promise<EmbeddedServer | undefined>}
 * @throws {UserError} when a process holds the folder and does not answer: a second one would ruin the AOF.
 */
export async function adoptServer(dir, bin, usualPort) {
  const pid = Number(read(files(dir).pid));
  const isServer = () => pid > 0 && isAlive(pid) && /redis|valkey/.test(commandOf(pid));
  // A Redis shows its address as its process title: "redis-server 127.0.0.1:6379".
  const titlePort = isServer() ? Number(/:(\d+)/.exec(commandOf(pid))?.[1] ?? 0) : 0;
  const ports = new Set([Number(read(files(dir).port)), titlePort, usualPort].filter((port) => port > 0));
  const deadline = Date.now() + unresponsiveTimeoutMs;
  do {
    for (const port of ports) {
      try {
        const facts = await inspect({ host, port });
        if (facts.pid && isSameFolder(facts.dir, dir)) return supervise(bin, dir, port, facts.pid);
        if (facts.pid === pid) return undefined;
      } catch (error) {
        // Ours has no password. Anything else: nothing there, or still loading.
        if (/** @type {Error} */ (error).message === 'NOAUTH' && port === titlePort) return undefined;
      }
    }
    if (isServer()) await delay(100);
  } while (isServer() && Date.now() < deadline);
  if (!isServer()) return undefined;
  throw new UserError(
    `A Redis of an earlier start (pid ${pid}) holds ${dir} and does not answer.\n` +
      `End it, then start again: kill -9 ${pid}`,
  );
}

/**
 * Starts a server with its AOF in `dir`, on `preferredPort` when that is free.
 *
 * @param {string} bin
 * @param {string} dir
 * @param {number} preferredPort
 * @returns {Promise<EmbeddedServer>}
 */
export async function startServer(bin, dir, preferredPort) {
  mkdirSync(dir, { recursive: true });
  const port =
    (await portProblem(preferredPort, host)) === undefined ? preferredPort : await anyFreePort(host);
  return supervise(bin, dir, port, await launch(bin, dir, port));
}

/**
 * @param {string} bin
 * @param {string} dir
 * @param {number} port
 * @param {(pid: number) => void} [onSpawn] told at once: it may have to be ended before it answers.
 */
async function launch(bin, dir, port, onSpawn) {
  // Written before the server exists: whoever comes after our sudden end knows where to look.
  writeFileSync(files(dir).port, String(port));
  const log = openSync(files(dir).log, 'w');
  const args = [
    '--port',
    String(port),
    '--bind',
    host,
    '--dir',
    dir,
    '--daemonize',
    'no',
    '--pidfile',
    files(dir).pid,
    '--appendonly',
    'yes',
    '--appendfsync',
    appendFsync,
    '--save',
    '',
  ];
  // A session of its own: the terminal's Ctrl-C must not end Redis before the apps have drained.
  const child = spawn(bin, args, { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  let failure = '';
  child.on('error', (error) => (failure = error.message));
  child.on('exit', (code, signal) => (failure = `ended with ${signal ?? `code ${code}`}`));
  child.unref();
  if (child.pid !== undefined) onSpawn?.(child.pid);
  const deadline = Date.now() + readyTimeoutMs;
  while (failure === '' && Date.now() < deadline) {
    try {
      const facts = await inspect({ host, port });
      if (facts.pid === child.pid) return /** @type {number} */ (child.pid);
    } catch {
      // Not listening yet, or LOADING.
    }
    await delay(20);
  }
  if (child.pid !== undefined && failure === '') process.kill(child.pid, 'SIGKILL');
  const said = read(files(dir).log).trimEnd().split('\n').slice(-10).join('\n  ');
  throw new UserError(`${bin} did not start on port ${port}: ${failure || 'no answer'}\n  ${said}`);
}

/**
 * @param {string} bin
 * @param {string} dir
 * @param {number} port
 * @param {number} firstPid
 * @returns {EmbeddedServer}
 */
function supervise(bin, dir, port, firstPid) {
  let pid = firstPid;
  let stopping = false;
  /** @type {NodeJS.Timeout | undefined} */
  let watch;
  /** @type {Promise<void> | undefined} */
  let restarting;
  return {
    port,
    pid: () => pid,
    keepAlive(onRestart) {
      const restart = async () => {
        onRestart('Redis ended unexpectedly, starting it again');
        try {
          await launch(bin, dir, port, (started) => (pid = started));
          onRestart('Redis is back');
        } catch (error) {
          if (stopping) return;
          onRestart(`Redis did not come back: ${/** @type {Error} */ (error).message}`);
          await delay(1000);
        }
      };
      watch = setInterval(() => {
        if (stopping || restarting || isAlive(pid)) return;
        restarting = restart().finally(() => (restarting = undefined));
      }, 250);
      watch.unref();
    },
    async stop(deadlineMs) {
      stopping = true;
      clearInterval(watch);
      const deadline = Date.now() + deadlineMs;
      signal(pid, 'SIGTERM');
      while (isAlive(pid) && Date.now() < deadline) await delay(20);
      if (isAlive(pid)) signal(pid, 'SIGKILL');
      // One turn of the event loop lets Node.js collect its child: no zombie stays behind us.
      await delay(20);
      rmSync(files(dir).port, { force: true });
      rmSync(files(dir).pid, { force: true });
    },
  };
}

/** @param {number} pid @param {NodeJS.Signals} name */
function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch {
    // It ended in between.
  }
}

/** @param {string} a @param {string} b */
export function isSameFolder(a, b) {
  try {
    return a !== '' && realpathSync(a) === realpathSync(b);
  } catch {
    return false;
  }
}

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}
