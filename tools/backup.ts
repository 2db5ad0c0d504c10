/**
 * A copy of the database while Parley runs, and the way back:
 *
 *     npm run backup -- <folder>
 *     npm run restore -- <file>
 *
 * @see docs/backup.md
 */
import { ConfigError, loadConfig } from '@parley/config';
import { statSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { DatabaseCopier } from './backup/database-copier.js';
import { PostgresCopier } from './backup/postgres-copier.js';
import { SqliteCopier } from './backup/sqlite-copier.js';
import { main } from './lib/main.mjs';
import { UserError } from './lib/workspace.mjs';

const USAGE = `npm run backup -- <folder>   copies the database into a new file of that folder; Parley may run
npm run restore -- <file>    makes the database from such a file; there must be none, and logic must not run

The database is the one that logic uses with these variables: PARLEY_DATABASE_URL, PARLEY_DATA_DIR. docs/backup.md tells the rest.`;

function copierOf(url: string): DatabaseCopier {
  return url.startsWith('sqlite:') ? new SqliteCopier(url.slice('sqlite:'.length)) : new PostgresCopier(url);
}

function databaseUrl(): string {
  try {
    return loadConfig('logic').database.url.reveal();
  } catch (error) {
    throw error instanceof ConfigError ? new UserError(error.message) : error;
  }
}

/** Sorts by time, and says it in UTC: `parley-2026-11-26T13-37-05Z.sqlite3`. */
function nameOf(now: Date, extension: string): string {
  return `parley-${now.toISOString().slice(0, 19).replaceAll(':', '-')}Z${extension}`;
}

await main(async (args) => {
  let options;
  try {
    options = parseArgs({
      args,
      allowPositionals: true,
      options: { restore: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
    });
  } catch (error) {
    throw new UserError(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  }
  const { values, positionals } = options;
  if (values.help) return void console.log(USAGE);
  const [place, ...rest] = positionals;
  if (place === undefined || rest.length > 0) throw new UserError(USAGE);
  const copier = copierOf(databaseUrl());
  const target = path.resolve(place);
  if (values.restore) {
    if (!statSync(target, { throwIfNoEntry: false })?.isFile())
      throw new UserError(`There is no file ${target}.`);
    await copier.restore(target);
    console.log(`The database has been made from ${target}. Start Parley; everybody logs in again.`);
    return;
  }
  const file = path.join(target, nameOf(new Date(), copier.extension));
  await copier.backup(file);
  console.log(file);
});
