import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { restartDelayMs } from './backoff.mjs';
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
  #readyAt = 0;
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
    return this.#readyAt !== 0;
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
    const pid = this.#child?.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // The group is gone.
    }
  }

  #spawn() {
    // A process group of its own: the terminal's Ctrl-C reaches only us, and we decide the order.
    // The IPC channel ends the app should we be killed: it exits on `disconnect`.
    const child = spawn(process.execPath, ['--enable-source-maps', this.spec.entry], {
      cwd: this.spec.cwd,
      env: { ...this.spec.env, PARLEY_SUPERVISED: '1' },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#child = child;
    this.#readyAt = 0;
    if (child.stdout) eachLine(child.stdout, (line) => this.#onLine(line));
    if (child.stderr) eachLine(child.stderr, (line) => this.#onLine(line));
    child.on('error', (error) => this.#onLine(`cannot be started: ${error.message}`));
    // `exit`, not `close`: a grandchild that keeps the pipes open must not delay the restart.
    child.once('exit', (code, signal) => this.#onExit(signal ?? `code ${code}`));
    this.#readyTimer = setTimeout(() => {
      const seconds = readyTimeoutMs / 1000;
      if (!this.#wasReady) return this.#giveUp(`was not ready after ${seconds} s`);
      this.events.onEvent(this.spec.name, `not ready after ${seconds} s, starting it again`);
      child.kill('SIGKILL');
    }, readyTimeoutMs);
  }

  /** @param {string} line */
  #onLine(line) {
    this.#lastLines = [...this.#lastLines, line].slice(-keptLines);
    this.events.onLine(this.spec.name, line);
    if (this.#readyAt !== 0) return;
    const record = parseLogLine(line);
    if (record?.msg !== 'ready' || typeof record.ports !== 'object') return;
    clearTimeout(this.#readyTimer);
    this.#readyAt = Date.now();
    this.ports = /** @type {Record<string, number>} */ (record.ports ?? {});
    if (this.#wasReady) this.events.onEvent(this.spec.name, 'is back');
    this.#wasReady = true;
    this.#resolveReady();
  }

  /** @param {string} how */
  #onExit(how) {
    clearTimeout(this.#readyTimer);
    if (this.#stopping) return;
    if (this.#readyAt !== 0 && Date.now() - this.#readyAt >= healthyAfterMs) this.#attempt = 0;
    if (!this.#wasReady && this.#attempt + 1 >= firstStartAttempts) {
      return this.#giveUp(`ended with ${how} before it was ready, ${firstStartAttempts} times`);
    }
    const delayMs = restartDelayMs(this.#attempt++);
    this.events.onEvent(this.spec.name, `ended with ${how}, starting again in ${delayMs} ms`);
    this.#restartTimer = setTimeout(() => this.#spawn(), delayMs);
  }

  /** @param {string} why */
  #giveUp(why) {
    this.kill();
    const lines = this.#lastLines.map((line) => `  ${line}`);
    this.#rejectReady(new UserError([`${this.spec.name} ${why}. Its last lines:`, ...lines].join('\n')));
  }
}

/** @param {import('node:child_process').ChildProcess} child */
function hasEnded(child) {
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
}
