import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

/**
 * @typedef {object} FailedTest Left by `tools/vitest/suite-reporter.ts`.
 * @property {string} [file] below the workspace root; absent when no file is known.
 * @property {string} [name] full name; absent when the file itself failed.
 * @property {string} message first line.
 * @property {string} [at] where in the workspace it was thrown, as `file:line`; absent when no such place is known.
 */

/** @param {string} dir @returns {FailedTest[]} of all runs that left some in `dir`; none if it does not exist. */
export function readFailedTests(dir) {
  if (!existsSync(dir)) return [];
  return readdirSync(dir)
    .sort()
    .flatMap((file) => JSON.parse(readFileSync(path.join(dir, file), 'utf8')));
}

/** @param {string} text @returns {string} as one word of a POSIX shell. */
const shellWord = (text) => (/^[\w./@:=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/**
 * @param {FailedTest} failed
 * @returns {string[]} what failed, why, and the command that runs it alone.
 */
export function describeFailedTest({ file, name, message, at }) {
  const what = [file, name].filter(Boolean).join(' > ');
  const why = at === undefined ? message : `${message} (${at})`;
  const lines = what === '' ? [why] : [what, `  ${why}`];
  if (file === undefined) return lines;
  // Names in brackets are not tests: what hung between two of them is run with its whole file.
  const only = name === undefined || name.startsWith('(') ? [] : ['-t', name];
  return [...lines, `  npm test -- ${[file, ...only].map(shellWord).join(' ')}`];
}
