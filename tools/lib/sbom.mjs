import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { prunedLock } from './pruned-lock.mjs';
import { root, UserError } from './workspace.mjs';

/**
 * A bill of materials, CycloneDX 1.5 by npm itself, of what the image of a built app has beside Node.js, and of what its page
 * brings to browsers.
 *
 * @param {string} app
 * @returns {string} JSON
 * @throws {UserError} when the app is not built.
 */
export function sbomOf(app) {
  const manifest = readJson(path.join(root, 'apps', app, 'dist/package.json'));
  const { dependencies: ours, overrides } = readJson(path.join(root, 'package.json'));
  const { name, version, license } = manifest;
  const dependencies = { ...manifest.dependencies, ...(app === 'web' && inThePage(ours)) };
  const lock = prunedLock(
    readJson(path.join(root, 'package-lock.json')),
    { name, version, license, dependencies },
    (place) => existsSync(path.join(root, place)),
  );
  const temporary = mkdtempSync(path.join(tmpdir(), 'parley-sbom-'));
  // npm calls the whole after its folder.
  const place = path.join(temporary, `parley-${app}`);
  try {
    mkdirSync(place);
    // Without the overrides npm takes what they put in place for a mistake.
    writeFileSync(path.join(place, 'package.json'), JSON.stringify({ ...lock.packages[''], overrides }));
    writeFileSync(path.join(place, 'package-lock.json'), JSON.stringify(lock));
    const options = ['--package-lock-only', '--sbom-format', 'cyclonedx', '--sbom-type', 'application'];
    return execFileSync('npm', ['sbom', ...options], {
      cwd: place,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    });
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
