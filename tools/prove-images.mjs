/**
 * Builds all images, runs what docker/compose.yaml describes, breaks it, and judges that nothing was lost:
 *
 *     npm run prove-images
 *
 * With Docker (and its compose), or as root with Podman and docker-compose. Where neither can be had it says so and ends with
 * 0; 1 is for images that are not good. Ten minutes and 4 GB of disk the first time. However it ends, containers, networks and
 * volumes go; the images and the layers that they are built from stay for the next time.
 *
 * `--quick` takes base images that are here or come within seconds, and stands in for none; `--within <seconds>` ends it then.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ensureDependencies } from './lib/dependencies.mjs';
import { main } from './lib/main.mjs';
import { createOutput } from './lib/output.mjs';
import { root, UserError } from './lib/workspace.mjs';

const usage = 'usage: npm run prove-images [-- --quick] [--within seconds]';

await main(async (args) => {
  checkOptions(args);
  await ensureDependencies(createOutput({ stream: process.stdout, totalSteps: 1 }).step('dependencies'));
  const script = [path.join(root, 'tools/run.mjs'), path.join(root, 'e2e/src/images/main.ts')];
  const child = spawn(process.execPath, [...script, ...args], { cwd: root, stdio: 'inherit' });
  // It takes down what it made, and is waited for. A terminal has told it already.
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
    process.on(signal, () => void child.kill(signal));
  const [code] = await once(child, 'exit');
  process.exitCode = code ?? 1;
});

/** @param {string[]} args */
function checkOptions(args) {
  try {
    const options = /** @type {const} */ ({ quick: { type: 'boolean' }, within: { type: 'string' } });
    const { within = '1' } = parseArgs({ args, options }).values;
    if (!(Number(within) > 0)) throw new Error('--within is a number of seconds');
  } catch (error) {
    throw new UserError(`${/** @type {Error} */ (error).message}\n${usage}`);
  }
}
