import { missingPostgres, spawnProcess, startPostgres } from '@parley/testing';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { withoutParley } from './stack.js';

const root = resolve(import.meta.dirname, '../..');
const TOOL_TIMEOUT_MS = 60_000;

/** Databases of one kind, and the commands that copy them. */
export interface SqlKind {
  readonly name: string;
  /** Why there is none on this machine. */
  readonly missing: string | undefined;
  /** An empty one. */
  start(): Promise<EmptyDatabase>;
}

/** A database that logic has not used yet. */
export interface EmptyDatabase {
  readonly url: string;
  /** Ends it and removes all that it holds. */
  stop(): Promise<void>;
}

const temporaryFolder = () => mkdtempSync(join(tmpdir(), 'parley-copies-'));

export const sqlKinds: readonly SqlKind[] = [
  {
    name: 'SQLite',
    missing: undefined,
    start: async () => {
      const folder = temporaryFolder();
      return {
        url: `sqlite:${join(folder, 'parley.sqlite3')}`,
        stop: async () => rmSync(folder, { recursive: true, force: true }),
      };
    },
  },
  { name: 'Postgres', missing: missingPostgres(), start: startPostgres },
];

/** A folder of copies, made and brought back by `npm run backup` and `npm run restore` as somebody types them. */
export class Copies {
  readonly folder = temporaryFolder();

  /** @returns The new file. */
  async make(url: string): Promise<string> {
    const before = new Set(readdirSync(this.folder));
    await runTool(url, this.folder);
    const [name, ...more] = readdirSync(this.folder).filter((found) => !before.has(found));
    if (name === undefined || more.length > 0)
      throw new Error(`one new file expected beside ${[...before].join()}`);
    return join(this.folder, name);
  }

  /** @throws {Error} with what the command said, when it refused. */
  async restore(file: string, url: string): Promise<void> {
    await runTool(url, '--restore', file);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function runTool(url: string, ...args: string[]): Promise<void> {
  const tool = await spawnProcess({
    command: process.execPath,
    args: ['tools/run.mjs', 'tools/backup.ts', ...args],
    cwd: root,
    name: 'tools/backup.ts',
    env: { ...withoutParley(), PARLEY_ENV: 'dev', PARLEY_DATABASE_URL: url },
  });
  const late = setTimeout(() => void tool.kill9(), TOOL_TIMEOUT_MS);
  const { code } = await tool.exited;
  clearTimeout(late);
  if (code !== 0) throw new Error(tool.output());
}
