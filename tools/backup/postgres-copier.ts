import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { findExecutable } from '../lib/find-executable.mjs';
import { UserError } from '../lib/workspace.mjs';
import { makeWhole, restoredSql, type DatabaseCopier } from './database-copier.js';

/** A Postgres database, by `pg_dump`, `pg_restore` and `psql`, which have to be at least as new as the server. */
export class PostgresCopier implements DatabaseCopier {
  readonly extension = '.dump';
  private readonly env: NodeJS.ProcessEnv;
  /** Without the password: everybody on a machine can read what its commands are called with. */
  private readonly url: string;

  /** @param statements - The file of what a restored database needs once. */
  constructor(
    url: string,
    private readonly statements = restoredSql('postgres'),
  ) {
    const bare = new URL(url);
    this.env = { ...process.env };
    if (bare.password !== '') this.env['PGPASSWORD'] = decodeURIComponent(bare.password);
    bare.password = '';
    this.url = bare.href;
  }

  async backup(file: string): Promise<void> {
    await makeWhole(file, async (part) => {
      const options = ['--format=custom', '--no-owner', '--no-privileges'];
      const dump = this.start('pg_dump', [...options, `--file=${part}`, `--dbname=${this.url}`]);
      if (!(await dump.endsWell)) throw dump.failure();
    });
  }

  /**
   * In one transaction, which nobody but this process can commit: whenever it ends before, at whatever point, Postgres has an
   * empty database still, and never the copy without the statements that make it another life.
   */
  async restore(file: string): Promise<void> {
    const statements = readFileSync(this.statements);
    const copy = this.start('pg_restore', ['--no-owner', '--no-privileges', '--file=-', file]);
    // A database that has tables is refused by the first of them.
    const database = this.start('psql', [
      ...['--no-psqlrc', '--quiet', '--output=/dev/null', '--set=ON_ERROR_STOP=1', this.url],
    ]);
    const { stdin } = database.process;
    const { stdout } = copy.process;
    if (!stdin || !stdout) throw new Error('no pipes');
    // It ends at the first error, and says which; that it reads no further is no other one.
    stdin.on('error', () => undefined);
    stdin.write('BEGIN;\n');
    await pipeline(stdout, stdin, { end: false }).catch(() => undefined);
    if (await copy.endsWell) stdin.end(`\n${statements.toString()}\nCOMMIT;\n`);
    // Without a COMMIT.
    else stdin.end();
    if (!(await database.endsWell)) throw database.failure();
    if (!(await copy.endsWell)) throw copy.failure();
  }

  private start(name: string, args: readonly string[]): RunningCommand {
    const path = findExecutable(name);
    if (path === undefined)
      throw new UserError(`There is no ${name} on this machine (apt install postgresql-client).`);
    return new RunningCommand(name, spawn(path, args, { env: this.env, stdio: 'pipe' }));
  }
}

/** One of Postgres's programs. */
class RunningCommand {
  /** Whether it ended with 0; never rejects. */
  readonly endsWell: Promise<boolean>;
  private said = '';

  constructor(
    private readonly name: string,
    readonly process: ChildProcess,
  ) {
    process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.said += text));
    this.endsWell = once(process, 'close').then(
      ([code]) => code === 0,
      (error: unknown) => {
        this.said += String(error);
        return false;
      },
    );
  }

  failure(): UserError {
    return new UserError(`${this.name} failed: ${this.said.trim()}`);
  }
}
