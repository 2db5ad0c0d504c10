/**
 * A software bill of materials for each app, CycloneDX 1.5 by npm itself: what its image has beside Node.js.
 *
 *     npx nx run-many -t build && npm run sbom -- <folder>
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { main } from './lib/main.mjs';
import { neededBy } from './lib/lock-file.mjs';
import { appNames, root, UserError } from './lib/workspace.mjs';

await main(async ([folder, ...more]) => {
  if (folder === undefined || more.length > 0) throw new UserError('usage: npm run sbom -- <folder>');
  mkdirSync(folder, { recursive: true });
  for (const app of appNames) {
    const file = path.join(folder, `${app}.cdx.json`);
    writeFileSync(file, sbomOf(app));
    process.stdout.write(`${file}\n`);
  }
});

/** @param {string} app */
function sbomOf(app) {
  const manifest = readJson(path.join(root, 'apps', app, 'dist/package.json'));
  const lock = readJson(path.join(root, 'package-lock.json'));
  const { overrides, dependencies: ours } = readJson(path.join(root, 'package.json'));
  const { name, version, license } = manifest;
  const dependencies = { ...manifest.dependencies, ...(app === 'web' && inThePage(ours)) };
  const own = { name, version, license, dependencies, overrides };
  const temporary = mkdtempSync(path.join(tmpdir(), 'parley-sbom-'));
  // npm calls the whole after its folder.
  const place = path.join(temporary, `parley-${app}`);
  try {
    mkdirSync(place);
    writeFileSync(path.join(place, 'package.json'), JSON.stringify(own));
    writeFileSync(
      path.join(place, 'package-lock.json'),
      JSON.stringify({ ...lock, name, packages: { '': own, ...neededBy(lock.packages, dependencies) } }),
    );
    const command = [
      'sbom',
      '--package-lock-only',
      '--sbom-format',
      'cyclonedx',
      '--sbom-type',
      'application',
    ];
    return execFileSync('npm', command, { cwd: place, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** What browsers are given is bundled, and in no package.json. @param {Record<string, string>} ours */
function inThePage(ours) {
  const imported = ['apps/web/src/app', 'libs/client/src', 'libs/protocol/src'].flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => /(?<!spec)\.tsx?$/.test(file))
      .flatMap((file) => [
        ...readFileSync(path.join(root, folder, file), 'utf8').matchAll(/ from '((?:@[\w-]+\/)?[\w-]+)/g),
      ])
      .map(([, name]) => name),
  );
  return Object.fromEntries(Object.entries(ours).filter(([name]) => imported.includes(name)));
}

/** @param {string} file */
function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    throw new UserError(`${file} cannot be read: build the apps first (npx nx run-many -t build)`);
  }
}
