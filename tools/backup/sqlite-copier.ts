import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import sqlite3 from 'sqlite3';
import { UserError } from '../lib/workspace.mjs';
import { makeWhole, restoredSql, type DatabaseCopier } from './database-copier.js';

/** Longest wait for a process that is just switching the file to WAL, milliseconds. */
const BUSY_TIMEOUT_MS = 10_000;

/** A SQLite file. Copying the file itself would tear it: what was written last is in the `-wal` file beside it. */
export class SqliteCopier implements DatabaseCopier {
  readonly extension = '.sqlite3';

  constructor(private readonly path: string) {}

  async backup(file: string): Promise<void> {
    if (!existsSync(this.path)) throw new UserError(`There is no database ${this.path}.`);
    // One read transaction: writers go on meanwhile.
    await makeWhole(file, (part) => inDatabase(this.path, `VACUUM INTO ${quoted(part)}`));
  }

  async restore(file: string): Promise<void> {
    const present = ['', '-wal', '-journal']
      .map((suffix) => this.path + suffix)
      .find((name) => existsSync(name));
    if (present !== undefined)
      throw new UserError(
        `${present} is there: stop Parley and move the files of the old database away first.`,
      );
    await makeWhole(this.path, async (part) => {
      copyFileSync(file, part);
      await inDatabase(part, readFileSync(restoredSql('sqlite'), 'utf8'));
    });
  }
}

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;

async function inDatabase(path: string, sql: string): Promise<void> {
  const database = await new Promise<sqlite3.Database>((resolve, reject) => {
    const opened = new sqlite3.Database(path, sqlite3.OPEN_READWRITE, (error) =>
      error ? reject(new UserError(`${path} cannot be opened: ${error.message}`)) : resolve(opened),
    );
  });
  database.configure('busyTimeout', BUSY_TIMEOUT_MS);
  try {
    await new Promise<void>((resolve, reject) =>
      database.exec(sql, (error) =>
        error
          ? reject(new UserError(`${path} is no database of Parley, or cannot be used: ${error.message}`))
          : resolve(),
      ),
    );
  } finally {
    await new Promise((resolve) => database.close(resolve));
  }
}
