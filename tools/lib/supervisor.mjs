import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { appFlags } from './app-flags.mjs';
import { restartDelayMs } from './backoff.mjs';
import { configExitCode } from './check-config.mjs';
import { eachLine } from './line-splitter.mjs';
import { parseLogLine } from './log-format.mjs';
import { UserError } from './workspace.mjs';

/** An app that has been ready this long has recovered: its next crash starts at the shortest delay. */
const healthyAfterMs = 30_000;
/** From spawn to the line that says `ready`. */
const readyTimeoutMs = 60_000;
/** A first start that ends this often without ever being ready is a mistake to report, not one to retry. */
const firstStartAttempts = 3;
const keptLines = 20;
/** What an ended app wrote last is still in its pipes; a grandchild may hold them open, so the wait has an end. */
const lastLinesMs = 500;

/**
 * @typedef {object} AppSpec
 * @property {string} name unique, e.g. `logic` or `logic-2`
 * @property {string} entry absolute path of main.js
 * @property {string} cwd
 * @property {NodeJS.ProcessEnv} env complete environment
 */

/**
 * @typedef {object} SupervisorEvents
 * @property {(name: string, line: string) => void} onLine every line of stdout and stderr.
 * @property {(name: string, what: string) => void} onEvent crashes, restarts, readiness after a restart.
 */

/** Runs one app, and runs it again with back-off whenever it ends by itself. */
export class SupervisedApp {
  /** Ports announced in the last `ready` line. @type {Record<string, number>} */
  ports = {};
  /** @type {string[]} */
  #lastLines = [];
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #child;
  #attempt = 0;
  #wasReady = false;
  #stopping = false;
  /** When the running process said `ready`. @type {number | undefined} */
  #readyAt;
  /** @type {NodeJS.Timeout | undefined} */
  #restartTimer;
  /** @type {NodeJS.Timeout | undefined} */
  #readyTimer;
  /** @type {(value: void) => void} */
  #resolveReady = () => {};
  /** @type {(error: Error) => void} */
  #rejectReady = () => {};

  /**
   * @param {AppSpec} spec
   * @param {SupervisorEvents} events
   */
  constructor(spec, events) {
    this.spec = spec;
    this.events = events;
  }

  /** True from the `ready` line of the running process on. */
  get isReady() {
    return this.#readyAt !== undefined;
  }

  get pid() {
    return this.#child?.pid;
  }

  /**
   * @returns {Promise<void>} when the app has said that it serves.
   * @throws {UserError} with its last lines, when it does not within 60 s or keeps ending before.
   */
  start() {
    return new Promise((resolve, reject) => {
      this.#resolveReady = resolve;
      this.#rejectReady = reject;
      this.#spawn();
    });
  }

  /**
   * Ends the app for good: SIGTERM, at the deadline SIGKILL to it and everything it started.
   * @param {number} deadlineMs
   */
  async stop(deadlineMs) {
    this.#stopping = true;
    clearTimeout(this.#restartTimer);
    clearTimeout(this.#readyTimer);
    const child = this.#child;
    if (!child || hasEnded(child)) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await Promise.race([ended, delay(deadlineMs, undefined, { ref: false })]);
    this.kill();
    await Promise.race([ended, delay(500, undefined, { ref: false })]);
  }

  /** SIGKILL to the app's process group, now. */
  kill() {
    this.#stopping = true;
    clearTimeout(this.#restartTimer);
    if (this.#child) killGroup(this.#child);
  }

  #spawn() {
    // A process group of its own: the terminal's Ctrl-C reaches only us, and we decide the order.
    // The IPC channel ends the app should we be killed: it exits on `disconnect`.
    const child = spawn(process.execPath, [...appFlags, this.spec.entry], {
      cwd: this.spec.cwd,
      env: { ...this.spec.env, PARLEY_SUPERVISED: '1' },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#child = child;
    if (child.stdout) eachLine(child.stdout, (line) => this.#onLine(line));
    if (child.stderr) eachLine(child.stderr, (line) => this.#onLine(line));
    child.on('error', (error) => {
      // Without a process (too many of them, Node.js replaced by an update) there is no `exit` to try again after.
      if (child.pid === undefined) this.#onExit(child, `could not be started (${error.message})`);
    });
    // `exit`, not `close`: a grandchild that keeps the pipes open must not delay the restart.
    child.once('exit', (code, signal) => {
      if (code === configExitCode) this.#onWrongConfig(child);
      else this.#onExit(child, `ended with ${signal ?? `code ${code}`}`);
    });
    this.#readyTimer = setTimeout(() => {
      const seconds = readyTimeoutMs / 1000;
      if (!this.#wasReady) return void this.#giveUp(`was not ready after ${seconds} s`);
      this.events.onEvent(this.spec.name, `not ready after ${seconds} s, starting it again`);
      child.kill('SIGKILL');
    }, readyTimeoutMs);
  }

  /** @param {string} line */
  #onLine(line) {
    this.#lastLines = [...this.#lastLines, line].slice(-keptLines);
    this.events.onLine(this.spec.name, line);
    if (this.isReady) return;
    const record = parseLogLine(line);
    if (record?.msg !== 'ready' || typeof record.ports !== 'object') return;
    clearTimeout(this.#readyTimer);
    this.#readyAt = performance.now();
    this.ports = /** @type {Record<string, number>} */ (record.ports ?? {});
    if (this.#wasReady) this.events.onEvent(this.spec.name, 'is back');
    this.#wasReady = true;
    this.#resolveReady();
  }

  /** @param {import('node:child_process').ChildProcess} child @param {string} how */
  #onExit(child, how) {
    clearTimeout(this.#readyTimer);
    const readyAt = this.#readyAt;
    this.#readyAt = undefined;
    if (this.#stopping) return;
    // What it started may hold a port or a file that its successor wants.
    killGroup(child);
    if (readyAt !== undefined && performance.now() - readyAt >= healthyAfterMs) this.#attempt = 0;
    if (!this.#wasReady && this.#attempt + 1 >= firstStartAttempts) {
      return void this.#giveUp(`${how} before it was ready, ${firstStartAttempts} times`);
    }
    const delayMs = restartDelayMs(this.#attempt++);
    this.events.onEvent(this.spec.name, `${how}, starting again in ${delayMs} ms`);
    this.#restartTimer = setTimeout(() => this.#spawn(), delayMs);
  }

  /** Another try would read the same. @param {import('node:child_process').ChildProcess} child */
  #onWrongConfig(child) {
    clearTimeout(this.#readyTimer);
    this.#readyAt = undefined;
    if (this.#stopping) return;
    killGroup(child);
    if (this.#wasReady)
      this.events.onEvent(this.spec.name, 'is not started again: its configuration is wrong');
    else void this.#giveUp('cannot run with this configuration');
  }

  /** @param {string} why */
  async #giveUp(why) {
    this.kill();
    if (this.#child && !isClosed(this.#child)) {
      await Promise.race([once(this.#child, 'close'), delay(lastLinesMs, undefined, { ref: false })]);
    }
    const lines = this.#lastLines.map((line) => `  ${line}`);
    this.#rejectReady(new UserError([`${this.spec.name} ${why}. Its last lines:`, ...lines].join('\n')));
  }
}

/** SIGKILL to a process and to all it started. @param {import('node:child_process').ChildProcess} child */
function killGroup({ pid }) {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The group is gone.
  }
}

/** @param {import('node:child_process').ChildProcess} child */
function isClosed({ stdout, stderr }) {
  return Boolean(stdout?.destroyed && stderr?.destroyed);
}

/** @param {import('node:child_process').ChildProcess} child */
function hasEnded(child) {
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
}
