import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createOutput } from '../lib/output.mjs';
import { findServerBinary } from '../lib/redis/server-binary.mjs';
import { endRunningCommands } from '../lib/run-command.mjs';
import { root } from '../lib/workspace.mjs';
import { exitCodeOf, notProven } from './after-tests.mjs';
import { proveImages } from './images.mjs';
import { tryNodes } from './nodes.mjs';

/** What all of it may take by default; PARLEY_CI_SECONDS is another limit. `npm test` takes what it takes. */
const defaultLimitSeconds = 1200;
/** For a proof that is interrupted to take down what it made. */
const graceMs = 90_000;

/**
 * What `.ci/run` does once the system has what it needs: `npm test`; what it passed on this Node.js, in a smaller measure on the
 * other ones that are promised; the proof of the images. The last lines say what was done and what was not.
 */
export async function ci() {
  const limitSeconds = Number(process.env.PARLEY_CI_SECONDS) || defaultLimitSeconds;
  const startedSecondsAgo = Number(process.env.PARLEY_CI_ELAPSED_SECONDS) || 0;
  const elapsed = () => startedSecondsAgo + performance.now() / 1000;
  // What steers this is no setting of the apps, which would refuse it.
  const {
    PARLEY_CI_SECONDS: _,
    PARLEY_CI_ELAPSED_SECONDS: __,
    PARLEY_CI_IMAGES: images,
    ...env
  } = process.env;

  const tests = await npmTest(env);
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
    process.once(signal, () => void endRunningCommands(graceMs).finally(() => process.exit(130)));
  const options = { limitSeconds, elapsed, env: { ...env, ...(images && { PARLEY_CI_IMAGES: images }) } };
  const outcomes =
    tests === 0 ? await further(options) : [notProven('npm test failed, so nothing else was tried')];
  process.stdout.write(`\n${outcomes.map(({ line }) => line).join('\n')}\n`);
  process.exitCode = exitCodeOf(tests, outcomes);
}

/** @param {{ limitSeconds: number, elapsed: () => number, env: NodeJS.ProcessEnv }} options */
async function further(options) {
  const out = createOutput({ totalSteps: 2 });
  // It may not be on PATH; `npm test` has found it.
  const redis = await findServerBinary();
  if (redis) options.env.PATH = [path.dirname(redis), options.env.PATH].join(path.delimiter);
  const outcomes = [];
  for (const [name, act] of /** @type {const} */ ([
    ['other Nodes', tryNodes],
    ['images', proveImages],
  ])) {
    const step = out.step(name);
    step.work('running');
    const outcome = await act({ ...options, say: (line) => out.line(line) });
    step.done(outcome.verdict === 'bad' ? out.paint('red', 'FAILED') : outcome.verdict);
    outcomes.push(outcome);
  }
  return outcomes;
}

/** @param {NodeJS.ProcessEnv} env @returns {Promise<number>} its exit code. */
async function npmTest(env) {
  const child = spawn('npm', ['test'], { cwd: root, env, stdio: 'inherit' });
  /** @param {NodeJS.Signals} signal */
  const passOn = (signal) => void child.kill(signal);
  const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
  for (const signal of signals) process.on(signal, passOn);
  const [code] = await once(child, 'exit');
  for (const signal of signals) process.off(signal, passOn);
  return code ?? 1;
}
