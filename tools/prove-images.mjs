/**
 * Builds all images, runs what docker/compose.yaml describes, breaks it, and judges that nothing was lost:
 *
 *     npm run prove-images
 *
 * With Docker (and its compose), or as root with Podman and docker-compose. Where neither can be had it says so and ends with
 * 0; 1 is for images that are not good. Ten minutes and 4 GB of disk the first time.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { ensureDependencies } from './lib/dependencies.mjs';
import { main } from './lib/main.mjs';
import { createOutput } from './lib/output.mjs';
import { root, UserError } from './lib/workspace.mjs';

await main(async (args) => {
  if (args.length > 0) throw new UserError(`unknown argument ${args[0]}\nusage: npm run prove-images`);
  await ensureDependencies(createOutput({ stream: process.stdout, totalSteps: 1 }).step('dependencies'));
  const script = [path.join(root, 'tools/run.mjs'), path.join(root, 'e2e/src/images/main.ts')];
  const child = spawn(process.execPath, script, { cwd: root, stdio: 'inherit' });
  [process.exitCode] = await once(child, 'exit');
});
