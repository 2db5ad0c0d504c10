import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './workspace.mjs';

/**
 * What README's pictures were made from: the site's style sheets and the pictures' own script. Not its components: most
 * changes there do not show, and one that does nearly always brings a rule of style.
 */
const sources = [
  { folder: 'apps/web/src', ending: '.css' },
  { folder: 'e2e/src/pictures', ending: '.ts' },
];
const noteFile = path.join(root, 'docs/images/made-from.json');

/** Short hashes of the sources, by their paths. @typedef {Record<string, string>} Look */

/** @returns {Look} of the files as they are. */
export function presentLook() {
  const files = sources.flatMap(({ folder, ending }) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith(ending))
      .map((file) => path.posix.join(folder, file.split(path.sep).join('/'))),
  );
  return Object.fromEntries(
    files.sort().map((file) => [file, hashOf(readFileSync(path.join(root, file), 'utf8'))]),
  );
}

/** @returns {Look} from which the pictures were made; empty when nothing says so. */
export function picturedLook() {
  try {
    return JSON.parse(readFileSync(noteFile, 'utf8'));
  } catch {
    return {};
  }
}

/** @param {Look} look */
export function notePicturedLook(look) {
  writeFileSync(noteFile, `${JSON.stringify(look, null, 2)}\n`);
}

/**
 * @param {Look} before
 * @param {Look} after
 * @returns {string[]} the files that are new, changed or gone.
 */
export function changedSources(before, after) {
  const files = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...files].filter((file) => before[file] !== after[file]).sort();
}

/**
 * @param {string} text of a style sheet or a script
 * @returns {string} the same for two texts that differ in comments and blanks alone.
 */
export function hashOf(text) {
  const bare = text.replaceAll(/\/\*.*?\*\//gs, '').replaceAll(/\s+/g, '');
  return createHash('sha256').update(bare).digest('hex').slice(0, 12);
}
