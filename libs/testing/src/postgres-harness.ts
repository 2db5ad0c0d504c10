import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onExit } from './at-exit.js';
import { findProgram } from './find-program.js';
import { freePort } from './free-port.js';
import { spawnProcess, type ManagedProcess } from './managed-process.js';

/** A Postgres of the test's own, to be broken at will. */
export interface PostgresHarness {
  /** Of its superuser, in the database `postgres`. */
  readonly url: string;
  readonly port: number;
  /** SIGKILL, its helpers included; resolves when it is gone. Committed rows are kept. */
  kill(): Promise<void>;
  /** Starts again on the same port and data, stopping it first if it runs; resolves when it takes connections. */
  restart(): Promise<void>;
  /** Ends it and removes its data. Repeatable. */
  stop(): Promise<void>;
}

export interface StartPostgresOptions {
  /** It speaks TLS with this certificate and key (PEM), and with nobody who does not. @defaultValue plain */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** Programs of a Postgres installation. */
interface PostgresCommands {
  readonly initdb: string;
  readonly postgres: string;
  /** Put in front of both: Postgres refuses to run as root. */
  readonly asNobody: readonly string[];
}

const NOBODY = 65_534;
const READY_TIMEOUT_MS = 20_000;
const DEBIAN_VERSIONS = ['18', '17', '16', '15', '14', '13'];

/** @returns Why {@link startPostgres} cannot work on this machine; undefined when it can. */
export function missingPostgres(): string | undefined {
  const commands = findPostgres();
  return typeof commands === 'string' ? commands : undefined;
}

/**
 * Starts a Postgres server on 127.0.0.1 and a free port. Its writes survive {@link PostgresHarness.kill}, not a crash of
 * the machine (`fsync=off`).
 *
 * @throws {Error} when there is none on this machine (see {@link missingPostgres}), or it does not come up.
 */
export async function startPostgres({ tls }: StartPostgresOptions = {}): Promise<PostgresHarness> {
  const commands = findPostgres();
  if (typeof commands === 'string') throw new Error(commands);
  const dir = mkdtempSync(join(tmpdir(), 'parley-postgres-'));
  if (commands.asNobody.length > 0) chownSync(dir, NOBODY, NOBODY);
  const removeDir = (): void => rmSync(dir, { recursive: true, force: true });
  const forget = onExit(removeDir);
  const run = (command: string, args: readonly string[]): Promise<ManagedProcess> => {
    const [first = command, ...rest] = [...commands.asNobody, command, ...args];
    return spawnProcess({ command: first, args: rest, cwd: dir, name: command });
  };
  const data = join(dir, 'data');
  const launch = async (port: number): Promise<ManagedProcess> => {
    const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off'];
    if (tls) settings.push('ssl=on', 'ssl_cert_file=server.crt', 'ssl_key_file=server.key');
    const started = await run(commands.postgres, [
      ...['-D', data, '-p', String(port)],
      ...settings.flatMap((setting) => ['-c', setting]),
    ]);
    await started.waitForLine(/ready to accept connections/, READY_TIMEOUT_MS);
    return started;
  };

  const initdb = await run(commands.initdb, [
    ...['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
  ]);
  if ((await initdb.exited).code !== 0) throw new Error(`initdb failed\n${initdb.output()}`);
  if (tls) {
    // The key must be its own, and nobody else's to read.
    const owner = commands.asNobody.length > 0 ? NOBODY : undefined;
    for (const [file, text] of [
      ['server.crt', tls.cert],
      ['server.key', tls.key],
    ] as const) {
      writeFileSync(join(data, file), text, { mode: 0o600 });
      if (owner !== undefined) chownSync(join(data, file), owner, owner);
    }
    writeFileSync(join(data, 'pg_hba.conf'), 'hostssl all all 127.0.0.1/32 trust\n');
  }
  const port = await freePort();
  let server = await launch(port);
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    port,
    kill: async () => {
      await server.kill9();
    },
    restart: async () => {
      await server.terminate();
      server = await launch(port);
    },
    stop: async () => {
      await server.terminate().catch(() => server.kill9());
      forget();
      removeDir();
    },
  };
}

function findPostgres(): PostgresCommands | string {
  const debian = DEBIAN_VERSIONS.map((version) => join('/usr/lib/postgresql', version, 'bin'));
  const [initdb, postgres, setpriv] = ['initdb', 'postgres', 'setpriv'].map((name) =>
    findProgram([name], debian),
  );
  if (!initdb || !postgres) return 'There is no Postgres server on this machine (apt install postgresql).';
  if (process.getuid?.() !== 0) return { initdb, postgres, asNobody: [] };
  if (!setpriv) return 'Postgres does not run as root, and there is no setpriv on this machine.';
  return {
    initdb,
    postgres,
    asNobody: [setpriv, `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'],
  };
}
