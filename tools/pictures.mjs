/**
 * Makes the pictures of the README from the site as it is: npm run pictures.
 *
 * With `--check` nothing is made; it is an error when the look has changed since they were.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { ensureBuilt } from './lib/build-apps.mjs';
import { findChromium } from './lib/chromium.mjs';
import { ensureDependencies } from './lib/dependencies.mjs';
import { changedSources, notePicturedLook, picturedLook, presentLook } from './lib/look.mjs';
import { main } from './lib/main.mjs';
import { createOutput } from './lib/output.mjs';
import { findServerBinary, installHints } from './lib/redis/server-binary.mjs';
import { UserError, root } from './lib/workspace.mjs';

await main(async (args) => {
  const unknown = args.find((arg) => arg !== '--check');
  if (unknown) throw new UserError(`unknown argument ${unknown}\nusage: npm run pictures [-- --check]`);
  if (args.includes('--check')) return check();
  const env = await prepare();
  const look = presentLook();
  const script = [path.join(root, 'tools/run.mjs'), path.join(root, 'e2e/src/pictures/main.ts')];
  const child = spawn(process.execPath, script, { cwd: root, env, stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new UserError('The pictures are not all made.');
  notePicturedLook(look);
});

function check() {
  const changed = changedSources(picturedLook(), presentLook());
  if (changed.length > 0) {
    throw new UserError(
      ['The look has changed since README’s pictures were made: npm run pictures', ...changed].join('\n  '),
    );
  }
  console.log('the pictures show the present look');
}

/** @returns {Promise<NodeJS.ProcessEnv>} with which the pictures' Redis and browser are found. */
async function prepare() {
  const out = createOutput({ totalSteps: 4 });
  await ensureDependencies(out.step('dependencies'));
  const redis = out.step('redis');
  const bin = await findServerBinary({ say: (what) => redis.work(what) });
  if (!bin) {
    redis.stop();
    throw new UserError(['No Redis server program was found.', ...installHints].join('\n'));
  }
  redis.done(bin);
  const chromium = await findChromium();
  out.step('chromium').done(chromium);
  await ensureBuilt(out.step('build'));
  return {
    ...process.env,
    PATH: [path.dirname(bin), process.env.PATH].filter(Boolean).join(path.delimiter),
    PARLEY_CHROMIUM: chromium,
  };
}
