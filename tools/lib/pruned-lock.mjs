import path from 'node:path';

/** What npm needs to put a package in place, and Node.js does not to run it. @type {Record<string, string[]>} */
const installOnly = {
  sqlite3: ['node-addon-api', 'node-gyp', 'prebuild-install', 'tar'],
  argon2: ['cross-env', 'node-addon-api'],
};

/** Sources, declarations, maps and texts; tests and examples; and what compilers read and leave behind. Licences stay. */
const leftOut = [
  /\.(ts|mts|cts|tsx|map|md|markdown|cc|cpp|c|h|hpp|gyp|gypi|o|a|d|mk|tsbuildinfo|yml|yaml|tgz)$/i,
  /^(test|tests|__tests__|docs?|examples?|benchmarks?|\.github|coverage)(\/|$)/i,
  /\.(spec|test)\.[cm]?[jt]sx?$/,
  /^(Makefile|\.[^/]+)$/,
];
/** @type {Record<string, RegExp>} */
const leftOutOf = {
  sqlite3: /^(deps|src|node-addon-api|build\/(?!Release(\/node_sqlite3\.node)?$))/,
  argon2: /^(argon2|build)(\/|$)/,
  // For browsers.
  typeorm: /^browser(\/|$)/,
  rxjs: /^(src|dist\/(esm|esm5|bundles|types))(\/|$)/,
};

/**
 * Whether a file or folder of a package goes into an image.
 *
 * @param {string} place of the package, `node_modules/…`.
 * @param {string} file relative to the package, with slashes; empty for the package itself.
 * @returns {boolean} false for a folder of nested packages, too: those have places of their own.
 */
export function isKept(place, file) {
  if (file === '') return true;
  if (file === 'node_modules' || file.startsWith('node_modules/')) return false;
  if (leftOutOf[nameOf(place)]?.test(file)) return false;
  return /(^|\/)(licen[cs]e|notice)[^/]*$/i.test(file) || !leftOut.some((rule) => rule.test(file));
}

/**
 * A lock file with only what an app needs to run, each package where the whole lock has it.
 *
 * @param {{ name: string, lockfileVersion: number, packages: Record<string, any> }} lock
 * @param {{ name: string, version: string, license?: string, dependencies: Record<string, string> }} manifest of the app, with exact versions.
 * @param {(place: string) => boolean} isInstalled what is optional may not be for this machine.
 * @returns {{ name: string, version: string, lockfileVersion: number, requires: true, packages: Record<string, any> }}
 * @throws {Error} for a package that is not in the lock, or not installed.
 */
export function prunedLock(lock, manifest, isInstalled) {
  /** @type {Record<string, any>} */
  const packages = {};
  const queue = Object.keys(manifest.dependencies).map((name) => ({ name, from: '', optional: false }));
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const { name, from, optional } = next;
    const place = placeOf(lock.packages, name, from);
    if (place === undefined || !isInstalled(place)) {
      if (optional) continue;
      throw new Error(
        `${from || manifest.name} needs ${name}, which is not ${place ? 'installed' : 'in package-lock.json'}`,
      );
    }
    if (packages[place]) continue;
    const entry = lock.packages[place];
    const skipped = installOnly[name] ?? [];
    /** @param {Record<string, string>} dependencies */
    const without = (dependencies) =>
      Object.fromEntries(Object.entries(dependencies).filter(([key]) => !skipped.includes(key)));
    packages[place] = {
      ...entry,
      dev: undefined,
      optional: undefined,
      peer: undefined,
      devOptional: undefined,
    };
    for (const kind of ['dependencies', 'optionalDependencies', 'peerDependencies']) {
      if (!entry[kind]) continue;
      packages[place][kind] = without(entry[kind]);
      for (const key of Object.keys(packages[place][kind])) {
        // Only who names it elsewhere, too, uses it. That it is installed may be for the tools alone.
        if (kind === 'peerDependencies' && entry.peerDependenciesMeta?.[key]?.optional) continue;
        queue.push({ name: key, from: place, optional: kind === 'optionalDependencies' });
      }
    }
  }
  const { name, version, dependencies, license } = manifest;
  const own = { name, version, license, dependencies };
  const sorted = Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    name,
    version,
    lockfileVersion: lock.lockfileVersion,
    requires: true,
    packages: { '': own, ...Object.fromEntries(sorted) },
  };
}

/** Where Node.js finds a package, from the place of another one. @param {Record<string, unknown>} packages @param {string} name @param {string} from */
function placeOf(packages, name, from) {
  for (
    let at = from;
    ;
    at = at.includes('/node_modules/') ? at.slice(0, at.lastIndexOf('/node_modules/')) : ''
  ) {
    const place = path.posix.join(at, 'node_modules', name);
    if (packages[place]) return place;
    if (at === '') return undefined;
  }
}

/** @param {string} place */
function nameOf(place) {
  return place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);
}
