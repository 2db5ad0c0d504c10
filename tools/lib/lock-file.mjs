import path from 'node:path';

/**
 * @typedef {object} LockedPackage One package of a `package-lock.json`, by its place (`node_modules/…`).
 * @property {string} version
 * @property {string} [license]
 * @property {boolean} [dev] needed by nobody but who develops.
 * @property {boolean} [link] a workspace, not a package.
 * @property {boolean} [hasInstallScript]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [optionalDependencies]
 * @property {Record<string, string>} [peerDependencies]
 *
 * @typedef {Record<string, LockedPackage>} LockedPackages
 */

/** Licences that ask for no more than to be named, by SPDX. */
const permissive = new Set([
  ...[
    '0BSD',
    'Apache-2.0',
    'BlueOak-1.0.0',
    'BSD-2-Clause',
    'BSD-3-Clause',
    'ISC',
    'MIT',
    'Python-2.0',
    'Zlib',
  ],
]);

/** @param {string | undefined} licence an SPDX expression. @returns {boolean} */
export function isPermissive(licence) {
  if (licence === undefined) return false;
  const bare = licence.replace(/[()]/g, '');
  return bare.split(' AND ').every((all) => all.split(' OR ').some((one) => permissive.has(one)));
}

/** @param {string} place @returns {string} */
export const nameAt = (place) => place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);

/**
 * What an installation for production has, sorted.
 *
 * @param {LockedPackages} packages
 * @returns {(LockedPackage & { name: string })[]} each name and version once.
 */
export function productionPackages(packages) {
  const found = Object.entries(packages)
    .filter(([place, { dev, link }]) => place.includes('node_modules/') && !dev && !link)
    .map(([place, locked]) => ({ ...locked, name: nameAt(place) }));
  const once = new Map(found.map((one) => [`${one.name}@${one.version}`, one]));
  return [...once.values()].sort((a, b) => (`${a.name}@${a.version}` < `${b.name}@${b.version}` ? -1 : 1));
}

/**
 * Install scripts that are not decided about, and decisions about none.
 *
 * @param {LockedPackages} packages
 * @param {Record<string, boolean>} decided `allowScripts` of the package.json.
 * @returns {string[]} a sentence each.
 */
export function scriptProblems(packages, decided) {
  const withScripts = new Set(
    Object.entries(packages)
      .filter(([, { hasInstallScript }]) => hasInstallScript)
      .map(([place]) => nameAt(place)),
  );
  return [
    ...[...withScripts]
      .filter((name) => !(name in decided))
      .map(
        (name) =>
          `${name} runs a script when it is installed: read it, and name it in allowScripts of package.json`,
      ),
    ...Object.keys(decided)
      .filter((name) => !withScripts.has(name))
      .map((name) => `${name} is named in allowScripts of package.json and runs no script any more`),
  ];
}

/**
 * The part of a lock file that some dependencies need, each package where it is.
 *
 * @param {LockedPackages} packages
 * @param {Record<string, string>} dependencies
 * @returns {LockedPackages}
 */
export function neededBy(packages, dependencies) {
  /** @type {LockedPackages} */
  const needed = {};
  const queue = Object.keys(dependencies).map((name) => ({ name, from: '' }));
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const place = placeOf(packages, next.name, next.from);
    const locked = place === undefined ? undefined : packages[place];
    // An optional one for another machine.
    if (place === undefined || locked === undefined || needed[place]) continue;
    needed[place] = locked;
    const further = { ...locked.dependencies, ...locked.optionalDependencies, ...locked.peerDependencies };
    queue.push(...Object.keys(further).map((name) => ({ name, from: place })));
  }
  return needed;
}

/** Where Node.js finds a package from the place of another. @param {LockedPackages} packages @param {string} name @param {string} from */
function placeOf(packages, name, from) {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const place = path.posix.join(at, 'node_modules', name);
    if (packages[place]) return place;
    if (at === '') return undefined;
  }
}
