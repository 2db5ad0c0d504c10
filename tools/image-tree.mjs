/**
 * What the image of a built app holds, and nothing else:
 *
 *     node tools/image-tree.mjs <app> <folder>
 *
 * `<folder>/node_modules` has the packages that the app needs to run, in the versions and places that package-lock.json
 * names, without what only builds or describes them. `<folder>/app` has the bundle, the settings, a lock file of exactly those
 * packages, and their bill of materials (`sbom.cdx.json`).
 */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isKept, prunedLock } from './lib/pruned-lock.mjs';
import { sbomOf } from './lib/sbom.mjs';
import { root } from './lib/workspace.mjs';

const [app, folder] = process.argv.slice(2);
if (!app || !folder) {
  console.error('usage: image-tree.mjs <app> <folder>');
  process.exit(1);
}
const dist = path.join(root, 'apps', app, 'dist');
const out = path.join(folder, 'app');

/** @param {string} file */
const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));
/** @param {string} file @param {unknown} value */
const writeJson = (file, value) => writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);

rmSync(folder, { recursive: true, force: true });
mkdirSync(path.join(folder, 'node_modules'), { recursive: true });
const manifest = readJson(path.join(dist, 'package.json'));
const lock = prunedLock(readJson(path.join(root, 'package-lock.json')), manifest, (place) =>
  existsSync(path.join(root, place)),
);
for (const place of Object.keys(lock.packages).filter((place) => place !== '')) {
  const from = path.join(root, place);
  cpSync(from, path.join(folder, place), {
    recursive: true,
    dereference: true,
    filter: (file) => isKept(place, path.relative(from, file).split(path.sep).join('/')),
  });
}

// Maps of the site's scripts have the sources in them; that of the server has not.
cpSync(dist, out, { recursive: true, filter: (file) => !/public\/.*\.map$/.test(file) });

cpSync(path.join(root, 'config'), path.join(out, 'config'), { recursive: true });
for (const file of ['docker/start.mjs', 'docker/health-check.mjs', 'LICENSE'])
  cpSync(path.join(root, file), path.join(out, path.basename(file)));
writeJson(path.join(out, 'package.json'), manifest);
writeJson(path.join(out, 'package-lock.json'), lock);
writeFileSync(path.join(out, 'sbom.cdx.json'), sbomOf(app));
