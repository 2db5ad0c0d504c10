import path from 'node:path';

/** Absolute path of the workspace root. */
export const root = path.resolve(import.meta.dirname, '../..');

/** Runtime data of this folder: SQLite files, Redis AOF, secrets, logs. Never in git. */
export const dataDir = path.join(root, '.data');

/** Things that can be thrown away: bundled tools, stamps, unpacked packages. */
export const cacheDir = path.join(root, 'node_modules/.cache/parley');

/** The five apps in the order in which they are started and listed. */
export const appNames = /** @type {const} */ ([
  'logic',
  'task-worker',
  'connect-gateway',
  'gateway-api',
  'web',
]);

/** @typedef {typeof appNames[number]} AppName */

/**
 * Compares dotted versions by number.
 * @param {string} actual
 * @param {string} minimum
 * @returns {boolean} true when `actual` is `minimum` or newer.
 */
export function isAtLeast(actual, minimum) {
  const a = actual.replace(/^v/, '').split('.').map(Number);
  const b = minimum.split('.').map(Number);
  for (let i = 0; i < b.length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** An error whose message is meant for the person at the terminal: printed without a stack. */
export class UserError extends Error {}
