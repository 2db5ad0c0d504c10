import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { root } from '../lib/workspace.mjs';

/** Copies one database out into a file, and back. */
export interface DatabaseCopier {
  /** Of its files, with the dot. */
  readonly extension: string;
  /**
   * Copies the database as it is at one moment; whoever uses it goes on.
   *
   * @param file - To be made, with its folder. It is there once it is whole and on disk.
   * @throws {UserError} when the database is not there or cannot be read, or the file cannot be written.
   */
  backup(file: string): Promise<void>;
  /**
   * Makes the database from a file.
   *
   * @throws {UserError} when there is a database already, which is left as it is, or the file is none of Parley's.
   */
  restore(file: string): Promise<void>;
}

/**
 * The file of statements that a restored database needs once: it becomes another life of the one that it was copied from, and
 * gives out no number and no id that may have been given out after the copy.
 *
 * @see docs/adr/0014-database-lives.md
 */
export const restoredSql = (kind: 'sqlite' | 'postgres'): string =>
  path.join(process.env['PARLEY_ROOT'] ?? root, 'tools/backup', `restored.${kind}.sql`);

/**
 * Has a file made under another name beside it, and gives it its name once it is whole and on disk. Only its owner may read
 * it: there are password hashes in it.
 */
export async function makeWhole(file: string, make: (part: string) => Promise<void>): Promise<void> {
  const folder = path.dirname(file);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const part = `${file}.part`;
  rmSync(part, { force: true });
  try {
    // SQLite and pg_dump write into an empty file that is there, and leave its mode alone.
    closeSync(openSync(part, 'wx', 0o600));
    await make(part);
    flush(part);
    renameSync(part, file);
    flush(folder);
  } finally {
    for (const name of [part, `${part}-journal`]) rmSync(name, { force: true });
  }
}

function flush(place: string): void {
  const handle = openSync(place, 'r');
  fsyncSync(handle);
  closeSync(handle);
}
