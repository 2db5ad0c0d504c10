import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { descendantsOf, isAlive } from './process-info.mjs';

/** Time a process tree gets to end by itself after SIGTERM. */
const treeGraceMs = 3000;
/** Trees of commands under way: an interrupted tool ends them before it exits. @type {Set<number>} */
const running = new Set();
/** From then on nothing new begins: who is interrupted must not go on with the next best way. */
let interrupted = false;

/**
 * @typedef {object} CommandResult
 * @property {boolean} ok
 * @property {number | null} code
 * @property {boolean} timedOut
 * @property {string} output stdout and stderr in the order of arrival.
 * @property {number} elapsedMs
 */

/**
 * Runs a command to its end with its output in memory and, if asked, in a file.
 * Never rejects: a command that cannot be started is a failed result.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, logFile?: string, timeoutMs?: number }} [options]
 * @returns {Promise<CommandResult>}
 */
export function runCommand(command, args, { cwd, env, logFile, timeoutMs } = {}) {
  const startedAt = Date.now();
  if (interrupted)
    return Promise.resolve({ ok: false, code: null, timedOut: false, output: 'interrupted\n', elapsedMs: 0 });
  if (logFile) mkdirSync(path.dirname(logFile), { recursive: true });
  const log = logFile ? createWriteStream(logFile) : undefined;
  return new Promise((resolve) => {
    /** @type {Buffer[]} */
    const chunks = [];
    let timedOut = false;
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    // A group of its own: the terminal's Ctrl-C reaches this tool only, which then ends the tree in order.
    const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    /** @param {Buffer} chunk */
    const collect = (chunk) => {
      chunks.push(chunk);
      log?.write(chunk);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    /** @param {number | null} code */
    const finish = (code) => {
      clearTimeout(timer);
      if (child.pid !== undefined) running.delete(child.pid);
      log?.end();
      const output = Buffer.concat(chunks).toString('utf8');
      resolve({ ok: code === 0 && !timedOut, code, timedOut, output, elapsedMs: Date.now() - startedAt });
    };
    child.on('error', (error) => {
      chunks.push(Buffer.from(`${error.message}\n`));
      finish(null);
    });
    const { pid } = child;
    if (pid === undefined) return;
    running.add(pid);
    child.on('close', finish);
    // A grandchild that keeps the pipes open must not keep us waiting once the command itself has ended.
    child.on('exit', (code) => void delay(2000, undefined, { ref: false }).then(() => finish(code)));
    if (timeoutMs !== undefined) {
      timer = setTimeout(() => {
        timedOut = true;
        collect(Buffer.from(`\nended after ${Math.round(timeoutMs / 1000)} s: time limit reached\n`));
        void endTree(pid);
      }, timeoutMs);
    }
  });
}

/**
 * Ends a process and everything below it: SIGTERM, then SIGKILL for what is left.
 * @param {number} pid
 * @param {number} [graceMs]
 */
export async function endTree(pid, graceMs = treeGraceMs) {
  const tree = new Set([pid, ...descendantsOf(pid)]);
  signal(pid, 'SIGTERM');
  const deadline = Date.now() + graceMs;
  while (Date.now() < deadline && [...tree].some(isAlive)) {
    for (const child of descendantsOf(pid)) tree.add(child);
    await delay(50);
  }
  for (const member of tree) if (isAlive(member)) signal(member, 'SIGKILL');
}

/** Ends every command that is still under way, and lets no other begin. @param {number} [graceMs] */
export async function endRunningCommands(graceMs) {
  interrupted = true;
  await Promise.all([...running].map((pid) => endTree(pid, graceMs)));
}

/** @param {number} pid @param {NodeJS.Signals} name */
function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch {
    // It ended in between.
  }
}
