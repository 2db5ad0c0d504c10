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
