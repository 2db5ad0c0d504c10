import path from 'node:path';
import { appSpecs } from './app-specs.mjs';
import { printBanner, watchAddresses } from './banner.mjs';
import { ensureBuilt } from './build-apps.mjs';
import { refuseWrongConfig } from './check-config.mjs';
import { ensureDependencies } from './dependencies.mjs';
import { jwtSecret } from './jwt-secret.mjs';
import { formatLogRecord, formatPlainLine, parseLogLine } from './log-format.mjs';
import { lanSettings } from './lan.mjs';
import { speaksTls } from './local-parley.mjs';
import { createOutput } from './output.mjs';
import { portSettings, readPorts, refuseTakenPorts, resolveAnyPorts } from './ports.mjs';
import { findOrStartRedis } from './redis/find-or-start.mjs';
import { Shutdown } from './shutdown.mjs';
import { acquireStartLock } from './start-lock.mjs';
import { parseStartOptions, startHelp } from './start-options.mjs';
import { SupervisedApp } from './supervisor.mjs';
import { dataDir as defaultDataDir, root } from './workspace.mjs';

const infoLevel = 30;
const warnLevel = 40;
const debugLevel = 20;

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
  const isProduction = process.env.PARLEY_ENV === 'prod';
  const tls = speaksTls(process.env);
  const lan = options.lan ? await lanSettings(process.env) : undefined;
  const host = lan?.PARLEY_HOST || process.env.PARLEY_HOST || (isProduction ? '0.0.0.0' : '127.0.0.1');
  const shutdown = new Shutdown({ say: out.line });
  const { apps } = shutdown;
  let isReady = false;
  shutdown.listen();

  const logs = createLogPrinter(out, options, (name) => isReady && isAppReady(apps, name));
  /** @param {string} title */
  const begin = (title) => (shutdown.step = out.step(title));
  try {
    let step = begin('node');
    step.done(process.version);

    step = begin('ports');
    const wanted = readPorts(process.env);
    shutdown.releaseLock = acquireStartLock(dataDir);
    await refuseTakenPorts(wanted, host);
    const ports = await resolveAnyPorts(wanted, host);
    step.done(`free: ${portSettings.map(({ variable, what }) => `${ports[variable]} ${what}`).join(', ')}`);

    step = begin('dependencies');
    await ensureDependencies(step);
    if (shutdown.started) return;

    step = begin('redis');
    const redisStep = step;
    const say = (/** @type {string} */ what) => (shutdown.started ? undefined : redisStep.work(what));
    shutdown.redis = findOrStartRedis({ dataDir, say });
    const found = await shutdown.redis;
    if (shutdown.started) return;
    found.keepAlive((what) => logs.event('redis', what));
    step.done(found.summary);

    step = begin('build');
    await ensureBuilt(step);
    if (shutdown.started) return;

    step = begin('apps');
    const env = appEnvironment({ dataDir, host, lan, redisUrl: found.url, verbose: options.verbose });
    const specs = await appSpecs({ replicas: options.replicas, ports, host, env });
    step.work('checking the configuration');
    await refuseWrongConfig({ ...env, ...specs.find(({ name }) => name === 'connect-gateway')?.env });
    if (shutdown.started) return;
    logs.setWidth(Math.max(...specs.map(({ name }) => name.length)));
    step.work(`starting ${specs.length} processes`);
    for (const spec of specs) apps.push(new SupervisedApp(spec, { onLine: logs.line, onEvent: logs.event }));
    await Promise.all(apps.map((app) => app.start()));
    step.done(`${apps.length} ready`);
    isReady = true;
    const hasDemoAccounts = !isProduction && !/^(false|no|0)$/i.test(env.PARLEY_DEMO_ACCOUNTS ?? '');
    const elapsedMs = Date.now() - startedAt;
    await printBanner(out, apps, { host, lan: options.lan, hasDemoAccounts, elapsedMs, tls });
    const site = apps.find(({ spec }) => spec.name === 'web');
    if (options.lan) watchAddresses(out, { host, port: site?.ports.http ?? 0, tls });
  } catch (error) {
    if (shutdown.started) return;
    await shutdown.stop();
    throw error;
  }
}

/**
 * @param {object} options
 * @param {string} options.dataDir
 * @param {string} options.host
 * @param {NodeJS.ProcessEnv | undefined} options.lan what `--lan` says.
 * @param {string} options.redisUrl
 * @param {boolean} options.verbose
 * @returns {NodeJS.ProcessEnv} what every app gets; what the user has set stays.
 */
function appEnvironment({ dataDir, host, lan, redisUrl, verbose }) {
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
    ...lan,
    ...(process.env.PARLEY_JWT_SECRET || process.env.PARLEY_JWT_SECRET_FILE
      ? {}
      : { PARLEY_JWT_SECRET: jwtSecret(dataDir) }),
    PARLEY_DATA_DIR: dataDir,
    PARLEY_REDIS_URL: redisUrl,
    // Where the address came from; beside the address that the user gave, it is the mistake that it is elsewhere.
    ...(process.env.PARLEY_REDIS_URL ? {} : { PARLEY_REDIS_URL_FILE: undefined }),
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
