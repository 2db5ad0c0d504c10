import path from 'node:path';
import { findExecutable } from '../lib/find-executable.mjs';
import { runCommand } from '../lib/run-command.mjs';
import { root } from '../lib/workspace.mjs';
import { imagesOutcome, notProven, timeFor } from './after-tests.mjs';

/** Five builds from layers that are there, the start, and the talk: measured on two cores. */
const neededSeconds = 240;
/** What a proof gets at the most, whatever time there is. */
const mostSeconds = 1800;
/** In which a proof whose time is over takes down what it made. */
const reserveSeconds = 120;
const shownLines = 40;

/**
 * Proves the images where Docker or Podman is, the base images are here or come within seconds, and there is time.
 *
 * @param {{ limitSeconds: number, elapsed: () => number, env: NodeJS.ProcessEnv, say: (line: string) => void }} options
 * @param {{ run?: typeof runCommand }} [means]
 * @returns {Promise<import('./after-tests.mjs').Outcome>} never rejects: a builder that is broken proves nothing.
 */
export async function proveImages({ limitSeconds, elapsed, env, say }, { run = runCommand } = {}) {
  if (env.PARLEY_CI_IMAGES === 'skip') return notProven('PARLEY_CI_IMAGES is skip');
  if (!['docker', 'podman'].some((name) => findExecutable(name, { env })))
    return notProven('there is neither Docker nor Podman on this machine');
  const elapsedSeconds = elapsed();
  const seconds = timeFor({ limitSeconds, elapsedSeconds, neededSeconds, reserveSeconds });
  if (seconds === undefined)
    return notProven(
      `${Math.round(elapsedSeconds)} of ${limitSeconds} s (PARLEY_CI_SECONDS) are over, and it needs ${neededSeconds + reserveSeconds}`,
    );
  const within = Math.min(seconds, mostSeconds);
  const script = path.join(root, 'tools/prove-images.mjs');
  const ran = await run(process.execPath, [script, '--quick', '--within', String(within)], {
    cwd: root,
    env,
    logFile: path.join(root, '.data/test-logs/images.log'),
    // It ends by itself; this is for one that does not.
    timeoutMs: (within + reserveSeconds - 10) * 1000,
  });
  for (const line of ran.output.trimEnd().split('\n').slice(-shownLines)) say(`  ${line}`);
  return imagesOutcome(ran);
}
