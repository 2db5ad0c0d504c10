import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './workspace.mjs';

/**
 * What README's pictures were made from: the site's style sheets, what its pictured components have in them, and the pictures'
 * own script.
 *
 * @type {readonly { folder: string, ending: string, shownOf: (text: string) => string }[]}
 */
const sources = [
  { folder: 'apps/web/src', ending: '.css', shownOf: withoutComments },
  { folder: 'apps/web/src/app/pages', ending: 'chat-page.tsx', shownOf: markupOf },
  ...['components', 'members', 'sidebar', 'thread'].map((folder) => ({
    folder: `apps/web/src/app/${folder}`,
    ending: '.tsx',
    shownOf: markupOf,
  })),
  { folder: 'e2e/src/pictures', ending: '.ts', shownOf: withoutComments },
];
const noteFile = path.join(root, 'docs/images/made-from.json');

/** Short hashes of the sources, by their paths. @typedef {Record<string, string>} Look */

/** @returns {Look} of the files as they are. */
export function presentLook() {
  const hashes = sources.flatMap(({ folder, ending, shownOf }) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith(ending))
      .map((file) => path.posix.join(folder, file.split(path.sep).join('/')))
      .map((file) => [file, hashOf(shownOf(readFileSync(path.join(root, file), 'utf8')))]),
  );
  return Object.fromEntries(hashes.sort());
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
export function withoutComments(text) {
  return text.replaceAll(/\/\*.*?\*\//gs, '').replaceAll(/\s+/g, '');
}

/**
 * @param {string} text of a component
 * @returns {string} what of it shows: elements, classes, icons and words, in order. The same for two that differ in what they do.
 */
export function markupOf(text) {
  const shown =
    /<\/?[a-z][\w.]*|\b(?:styles|list|view)\['[^']*'\]|\b(?:name|size|look|icon)=\S+|\bt\.[\w.]+/gi;
  return (text.match(shown) ?? []).join(' ');
}

/** @param {string} text */
function hashOf(text) {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
