import { setTimeout as delay } from 'node:timers/promises';
import { endRunningCommands } from './run-command.mjs';

/** Everything is gone within 5 s of the first signal: apps get 4, Redis the rest. */
const usualAppStopMs = 4000;
const moreForRedisMs = 800;
/** What Redis gets at least, to write and close its AOF; and what it gets when somebody is impatient. */
const redisStopMs = 300;
const redisStopAtOnceMs = 200;
const parentCheckIntervalMs = 1000;

/** @typedef {Pick<import('./supervisor.mjs').SupervisedApp, 'stop' | 'kill'>} StoppableApp */
/** @typedef {Pick<import('./redis/find-or-start.mjs').FoundRedis, 'stop'>} StoppableRedis */

/**
 * Ends what `npm start` has going: commands and apps together, then Redis, to which the apps write until they have
 * drained, then the lock. Once; a second Ctrl-C cuts it short.
 *
 * @template {StoppableApp} [App=import('./supervisor.mjs').SupervisedApp]
 * @template {StoppableRedis} [Redis=import('./redis/find-or-start.mjs').FoundRedis]
 */
export class Shutdown {
  /** @type {App[]} */
  apps = [];
  /** Also while it is still being started: it must not be left behind. @type {Promise<Redis> | undefined} */
  redis;
  /** What the terminal shows as under way. @type {{ stop(): void } | undefined} */
  step;
  releaseLock = () => {};
  /** @type {Promise<void> | undefined} */
  #stopping;
  #say;
  #exit;
  #endCommands;
  #appStopMs;

  /**
   * @param {object} options
   * @param {(line: string) => void} options.say
   * @param {(code: number) => void} [options.exit]
   * @param {(graceMs: number) => Promise<void>} [options.endCommands]
   * @param {number} [options.appStopMs] what apps and commands get to end by themselves.
   */
  constructor({
    say,
    exit = (code) => process.exit(code),
    endCommands = endRunningCommands,
    appStopMs = usualAppStopMs,
  }) {
    this.#say = say;
    this.#appStopMs = appStopMs;
    this.#exit = exit;
    this.#endCommands = endCommands;
  }

  /** True from the first signal on. */
  get started() {
    return this.#stopping !== undefined;
  }

  /** Ends everything on a signal, on the end of npm, and when nobody reads what we write. */
  listen() {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => this.onSignal(signal));
    stopWhenParentIsGone(() => this.onSignal('parent'));
    // The reader of our output went away (`npm start | head`): there is nobody left to serve the lines to.
    process.stdout.on('error', () => this.onSignal('SIGPIPE'));
  }

  /** The first one ends everything in order, a second Ctrl-C at once. @param {string} why */
  onSignal(why) {
    if (!this.started) void this.#thenExit(this.stop());
    else if (why === 'SIGINT') void this.#thenExit(this.#atOnce().finally(() => this.releaseLock()));
  }

  /** Without a signal: a start that failed. @returns {Promise<void>} when everything has ended. */
  stop() {
    this.#stopping ??= this.#inOrder().finally(() => this.releaseLock());
    return this.#stopping;
  }

  /** @param {Promise<void>} ended */
  async #thenExit(ended) {
    await ended.catch((error) => this.#say(`not all was ended: ${/** @type {Error} */ (error).message}`));
    this.#exit(0);
  }

  async #inOrder() {
    const appStopMs = this.#appStopMs;
    const deadline = performance.now() + appStopMs + moreForRedisMs;
    this.step?.stop();
    if (this.apps.length > 0) this.#say('stopping ... (Ctrl-C again: at once)');
    await Promise.all([this.#endCommands(appStopMs), ...this.apps.map((app) => app.stop(appStopMs))]);
    const leftMs = () => Math.max(redisStopMs, deadline - performance.now());
    const redis = await this.#foundRedis(leftMs());
    await redis?.stop(leftMs());
    if (this.apps.length > 0) this.#say('stopped');
  }

  async #atOnce() {
    for (const app of this.apps) app.kill();
    const redisEnds = this.#foundRedis(redisStopAtOnceMs).then((redis) => redis?.stop(redisStopAtOnceMs));
    await Promise.all([this.#endCommands(0), redisEnds]);
  }

  /** @param {number} withinMs @returns {Promise<Redis | undefined>} undefined when there is none by then. */
  async #foundRedis(withinMs) {
    return await Promise.race([
      this.redis?.catch(() => undefined),
      delay(withinMs, undefined, { ref: false }),
    ]);
  }
}

/**
 * npm passes a signal on to the shell it started, which may end without passing it on to us: an orphan
 * of `npm start` ends by itself. Started directly, a new parent means nothing (nohup, disown).
 * @param {() => void} onGone
 */
function stopWhenParentIsGone(onGone) {
  if (!process.env.npm_lifecycle_event) return;
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) onGone();
  }, parentCheckIntervalMs).unref();
}
