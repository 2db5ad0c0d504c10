import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { processIdentity } from './process-info.mjs';
import { UserError } from './workspace.mjs';

const attempts = 5;

/**
 * Makes sure that one `npm start` runs per folder.
 *
 * The holder is named by pid *and* start time, so that a lock left by a killed process is taken over
 * even when its pid has been given to somebody else.
 *
 * @param {string} dataDir
 * @returns {() => void} releases the lock; safe to call twice.
 * @throws {UserError} when a living process holds it.
 */
export function acquireStartLock(dataDir) {
  mkdirSync(dataDir, { recursive: true });
  const file = path.join(dataDir, 'start.lock');
  const draft = `${file}.${process.pid}`;
  const mine = JSON.stringify({ pid: process.pid, identity: processIdentity(process.pid) });
  writeFileSync(draft, mine);
  try {
    for (let attempt = 0; attempt < attempts; attempt++) {
      try {
        // link() instead of open('wx'): the lock appears with its content, nobody can read half of it.
        linkSync(draft, file);
        return () => {
          if (read(file) === mine) rmSync(file, { force: true });
        };
      } catch (error) {
        if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
      }
      const found = read(file);
      const holder = parse(found);
      if (holder && processIdentity(holder.pid) === holder.identity) {
        throw new UserError(
          `Parley is already running from this folder (pid ${holder.pid}).\n` +
            `Stop it with Ctrl-C in its terminal or: kill ${holder.pid}`,
        );
      }
      removeStale(file, found);
    }
  } finally {
    rmSync(draft, { force: true });
  }
  throw new UserError(`could not take ${file}: several starts at once? Try again.`);
}

/**
 * Moves the stale lock away first and looks again: if somebody else took over in between, theirs is put back.
 * @param {string} file
 * @param {string} expected
 */
function removeStale(file, expected) {
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  if (read(aside) !== expected) {
    try {
      linkSync(aside, file);
    } catch {
      // A third process holds it by now, and is the one to respect.
    }
  }
  rmSync(aside, { force: true });
}

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** @param {string} text @returns {{ pid: number, identity: string } | undefined} */
function parse(text) {
  try {
    const value = JSON.parse(text);
    return Number.isInteger(value.pid) ? value : undefined;
  } catch {
    return undefined;
  }
}
