import { runCommand } from '../lib/run-command.mjs';
import { findExecutable } from '../lib/find-executable.mjs';
import { UserError } from '../lib/workspace.mjs';
import { makeWhole, restoredSql, type DatabaseCopier } from './database-copier.js';

/** A Postgres database, by `pg_dump`, `pg_restore` and `psql`, which have to be at least as new as the server. */
export class PostgresCopier implements DatabaseCopier {
  readonly extension = '.dump';
  private readonly env: NodeJS.ProcessEnv;
  /** Without the password: everybody on a machine can read what its commands are called with. */
  private readonly url: string;

  constructor(url: string) {
    const bare = new URL(url);
    this.env = { ...process.env };
    if (bare.password !== '') this.env['PGPASSWORD'] = decodeURIComponent(bare.password);
    bare.password = '';
    this.url = bare.href;
  }

  async backup(file: string): Promise<void> {
    await makeWhole(file, (part) =>
      this.run(
        'pg_dump',
        '--format=custom',
        '--no-owner',
        '--no-privileges',
        `--file=${part}`,
        `--dbname=${this.url}`,
      ),
    );
  }

  async restore(file: string): Promise<void> {
    // A database that has tables is refused by the first of them, and the transaction leaves it as it was.
    await this.run(
      ...([
        'pg_restore',
        '--no-owner',
        '--no-privileges',
        '--single-transaction',
        '--exit-on-error',
      ] as const),
      ...[`--dbname=${this.url}`, file],
    );
    await this.run(
      'psql',
      '--no-psqlrc',
      '--quiet',
      '--set=ON_ERROR_STOP=1',
      `--file=${restoredSql('postgres')}`,
      this.url,
    );
  }

  private async run(name: string, ...args: string[]): Promise<void> {
    const command = findExecutable(name);
    if (command === undefined)
      throw new UserError(`There is no ${name} on this machine (apt install postgresql-client).`);
    const { ok, output } = await runCommand(command, args, { env: this.env });
    if (!ok) throw new UserError(`${name} failed: ${output.trim()}`);
  }
}
