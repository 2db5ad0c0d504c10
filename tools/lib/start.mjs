import path from 'node:path';
import { appSpecs } from './app-specs.mjs';
import { ensureBuilt } from './build-apps.mjs';
import { ensureDependencies } from './dependencies.mjs';
import { jwtSecret } from './jwt-secret.mjs';
import { formatLogRecord, formatPlainLine, parseLogLine } from './log-format.mjs';
import { createOutput, duration } from './output.mjs';
import { portSettings, readPorts, refuseTakenPorts, resolveAnyPorts } from './ports.mjs';
import { findOrStartRedis } from './redis/find-or-start.mjs';
import { endRunningCommands } from './run-command.mjs';
import { acquireStartLock } from './start-lock.mjs';
import { parseStartOptions, startHelp } from './start-options.mjs';
import { SupervisedApp } from './supervisor.mjs';
import { dataDir as defaultDataDir, root } from './workspace.mjs';

/** Everything is gone within 5 s of the first signal: apps get 4, Redis the rest. */
const appStopMs = 4000;
const totalStopMs = 4800;
const infoLevel = 30;
const warnLevel = 40;
const debugLevel = 20;
const parentCheckIntervalMs = 1000;

/**
 * `npm start`: sets everything up, runs the apps, and ends all of it on a signal.
 * @param {string[]} args
 */
export async function start(args) {
  const options = parseStartOptions(args);
  if (options.help) return void process.stdout.write(`${startHelp}\n`);
  const startedAt = Date.now();
  const out = createOutput({ stream: options.json ? process.stderr : process.stdout, totalSteps: 6 });
  const dataDir = path.resolve(root, process.env.PARLEY_DATA_DIR || defaultDataDir);
  const host = process.env.PARLEY_HOST || '127.0.0.1';
  /** @type {SupervisedApp[]} */
  const apps = [];
  /** @type {import('./redis/find-or-start.mjs').FoundRedis | undefined} */
  let redis;
  /** @type {import('./output.mjs').Step | undefined} */
  let step;
  let isReady = false;
  let releaseLock = () => {};

  /** @type {Promise<void> | undefined} */
  let stopping;
  const stop = async () => {
    const deadline = Date.now() + totalStopMs;
    step?.stop();
    if (apps.length > 0) out.line('stopping ... (Ctrl-C again: at once)');
    await Promise.all([endRunningCommands(appStopMs), ...apps.map((app) => app.stop(appStopMs))]);
    // Last: the apps write to it until they have drained.
    await redis?.stop(Math.max(300, deadline - Date.now()));
    releaseLock();
    if (apps.length > 0) out.line('stopped');
  };
  /** @param {string} why */
  const onSignal = (why) => {
    if (stopping && why !== 'SIGINT') return;
    if (stopping) {
      for (const app of apps) app.kill();
      void Promise.all([endRunningCommands(0), redis?.stop(200)]).finally(() => {
        releaseLock();
        process.exit(0);
      });
      return;
    }
    stopping = stop().finally(() => process.exit(0));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => onSignal(signal));
  stopWhenParentIsGone(() => onSignal('parent'));
  // The reader of our output went away (`npm start | head`): there is nobody left to serve the lines to.
  process.stdout.on('error', () => onSignal('SIGPIPE'));

  const logs = createLogPrinter(out, options, (name) => isReady && isAppReady(apps, name));
  try {
    step = out.step('node');
    step.done(process.version);

    step = out.step('ports');
    const wanted = readPorts(process.env);
    releaseLock = acquireStartLock(dataDir);
    await refuseTakenPorts(wanted, host);
    const ports = await resolveAnyPorts(wanted, host);
    step.done(`free: ${portSettings.map(({ variable, what }) => `${ports[variable]} ${what}`).join(', ')}`);

    step = out.step('dependencies');
    await ensureDependencies(step);
    if (stopping) return;

    step = out.step('redis');
    const redisStep = step;
    const found = await findOrStartRedis({ dataDir, say: (what) => redisStep.work(what) });
    redis = found;
    if (stopping) return void (await found.stop(500));
    found.keepAlive((what) => logs.event('redis', what));
    step.done(found.summary);

    step = out.step('build');
    await ensureBuilt(step);
    if (stopping) return;

    step = out.step('apps');
    const env = appEnvironment({ dataDir, host, redisUrl: found.url, verbose: options.verbose });
    const specs = await appSpecs({ replicas: options.replicas, ports, host, env });
    logs.setWidth(Math.max(...specs.map(({ name }) => name.length)));
    step.work(`starting ${specs.length} processes`);
    for (const spec of specs) apps.push(new SupervisedApp(spec, { onLine: logs.line, onEvent: logs.event }));
    await Promise.all(apps.map((app) => app.start()));
    step.done(`${apps.length} ready`);
    isReady = true;
    printBanner(out, apps, Date.now() - startedAt, process.env.PARLEY_ENV === 'prod');
  } catch (error) {
    if (stopping) return;
    step?.stop();
    stopping = stop();
    await stopping;
    throw error;
  }
}

/**
 * @param {{ dataDir: string, host: string, redisUrl: string, verbose: boolean }} options
 * @returns {NodeJS.ProcessEnv} what every app gets; what the user has set stays.
 */
function appEnvironment({ dataDir, host, redisUrl, verbose }) {
  const defaults = {
    PARLEY_ENV: 'dev',
    PARLEY_ROOT: root,
    PARLEY_HOST: host,
    PARLEY_ADMIN_PORT: '0',
    ...(verbose ? { PARLEY_LOG_LEVEL: 'debug' } : {}),
  };
  return {
    ...defaults,
    ...process.env,
    PARLEY_JWT_SECRET: process.env.PARLEY_JWT_SECRET || jwtSecret(dataDir),
    PARLEY_DATA_DIR: dataDir,
    PARLEY_REDIS_URL: redisUrl,
  };
}

/**
 * @param {import('./output.mjs').Output} out
 * @param {import('./start-options.mjs').StartOptions} options
 * @param {(app: string) => boolean} isReady
 */
function createLogPrinter(out, options, isReady) {
  let appWidth = 0;
  return {
    /** @param {number} width */
    setWidth(width) {
      appWidth = width;
    },
    /** @param {string} app @param {string} line */
    line(app, line) {
      const record = parseLogLine(line);
      if (options.json) return void (record ? process.stdout : process.stderr).write(`${line}\n`);
      if (!record) {
        if (line.trim() !== '') out.line(formatPlainLine(line, { app, appWidth, colour: out.useColour }));
        return;
      }
      // While apps start, only what went wrong is worth a line.
      const lowest = options.verbose ? debugLevel : isReady(app) ? infoLevel : warnLevel;
      if (record.level >= lowest) out.line(formatLogRecord(record, { app, appWidth, colour: out.useColour }));
    },
    /** @param {string} app @param {string} what */
    event(app, what) {
      const record = { level: warnLevel, time: Date.now(), msg: what };
      out.line(formatLogRecord(record, { app, appWidth, colour: out.useColour }));
    },
  };
}

/** @param {SupervisedApp[]} apps @param {string} name */
function isAppReady(apps, name) {
  return apps.find((app) => app.spec.name === name)?.isReady ?? true;
}

/**
 * @param {import('./output.mjs').Output} out
 * @param {SupervisedApp[]} apps
 * @param {number} elapsedMs
 * @param {boolean} isProduction
 */
function printBanner(out, apps, elapsedMs, isProduction) {
  /** @param {string} name */
  const portsOf = (name) => apps.find((app) => app.spec.name === name)?.ports ?? {};
  const gateways = apps
    .filter((app) => app.spec.name.startsWith('connect-gateway'))
    .map(({ ports }) => `ws://localhost:${ports.ws}/ws, tcp ${ports.tcp ?? 'off'}`);
  const rows = [
    ['Chat', `http://localhost:${portsOf('web').http}`],
    ['API docs', `http://localhost:${portsOf('gateway-api').http}/docs`],
    ...gateways.map((gateway, i) => [i === 0 ? 'Gateways' : '', gateway]),
    ...(isProduction ? [] : [['Accounts', 'demo demo1 demo2 demo3 / 111111']]),
    ['Stop', 'Ctrl-C'],
  ];
  out.line('');
  out.line(`${out.paint('bold', 'Parley is ready')} (${duration(elapsedMs)})`);
  for (const [label = '', text = ''] of rows) out.line(`  ${out.paint('dim', label.padEnd(10))} ${text}`);
  out.line('');
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
