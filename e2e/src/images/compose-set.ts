import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@parley/testing';
import { parse } from 'yaml';
import { command, type CommandOptions } from './command.js';
import type { Engine } from './engine.js';

/** What of docker/compose.yaml is looked at or changed here. */
export interface ComposeFile {
  name?: string;
  services: Record<string, ComposeService>;
  secrets: Record<string, { file: string }>;
  [extra: string]: unknown;
}
interface ComposeService {
  image: string;
  build?: unknown;
  command?: unknown;
  ports?: string[];
  volumes?: string[];
  environment?: Record<string, string>;
}

/** One container that runs. */
export interface Container {
  readonly name: string;
  readonly address: string;
  /** On this machine. */
  readonly pid: number;
}

const PROJECT = 'parley-proof';
const OF_PROJECT = ['--filter', `label=com.docker.compose.project=${PROJECT}`] as const;
const UP_TIMEOUT_MS = 300_000;
const DOWN_TIMEOUT_MS = 90_000;

export const readCompose = (root: string): ComposeFile =>
  parse(readFileSync(join(root, 'docker/compose.yaml'), 'utf8'), { merge: true }) as ComposeFile;

/**
 * The set that docker/compose.yaml describes, with secrets of its own, under a name of its own. Changed is only what a proof
 * needs: the port, framed TCP, which prod leaves off, and limits that a crowd on one address would meet.
 */
export class ComposeSet {
  private readonly dir = mkdtempSync(join(tmpdir(), 'parley-proof-'));
  private readonly file = join(this.dir, 'docker/compose.json');

  constructor(
    private readonly engine: Engine,
    root: string,
    readonly sitePort: number,
    imageOf: (app: string) => string,
    standIns: readonly string[],
  ) {
    cpSync(join(root, 'docker'), join(this.dir, 'docker'), {
      recursive: true,
      filter: (file) => !file.endsWith('/secrets'),
    });
    const compose = readCompose(root);
    delete compose.name;
    for (const [name, service] of Object.entries(compose.services)) {
      if (service.build !== undefined) service.image = imageOf(name);
      delete service.build;
    }
    const { 'gateway-api': api, 'connect-gateway': gateway, postgres } = compose.services;
    Object.assign(gateway?.environment ?? {}, { PARLEY_TCP_PORT: '7001' });
    Object.assign(api?.environment ?? {}, {
      PARLEY_LOGIN_PER_MINUTE: '10000',
      PARLEY_REQUESTS_PER_SECOND: '10000',
    });
    if (postgres && standIns.includes(postgres.image)) postgres.command = ['postgres-entrypoint.sh'];
    // An older compose wants to be told which of its formats it is.
    writeFileSync(this.file, JSON.stringify({ version: '3.9', ...withoutExtensions(compose) }, undefined, 2));
  }

  async makeSecrets(): Promise<void> {
    await command('sh', [join(this.dir, 'docker/make-secrets.sh')]);
    chmodSync(this.dir, 0o755);
  }

  secret(name: string): string {
    return readFileSync(join(this.dir, 'docker/secrets', name), 'utf8').trim();
  }

  /** Resolves when everything is up and well. What a proof left that was killed goes first. */
  async up(): Promise<void> {
    await removeLeftovers(this.engine);
    await this.compose(['up', '-d']);
    await this.wellAgain();
  }

  async stop(): Promise<void> {
    await this.compose(['stop']);
  }

  async start(): Promise<void> {
    await this.compose(['start']);
    await this.wellAgain();
  }

  /** Removes containers, networks, volumes and secrets, whatever state they are in. @throws {Error} naming what is left. */
  async down(): Promise<void> {
    // It stops in order, where it can; it gives up at the first thing that it cannot remove.
    await this.compose(['down', '-v', '-t', '5'], { timeoutMs: DOWN_TIMEOUT_MS, cleansUp: true }).catch(
      () => undefined,
    );
    rmSync(this.dir, { recursive: true, force: true });
    await removeLeftovers(this.engine);
  }

  /** Those of a service, or all, in the order of their names. */
  async containers(service = ''): Promise<Container[]> {
    const filter = service === '' ? [] : ['--filter', `label=com.docker.compose.service=${service}`];
    const listed = await this.engine.run('ps', ...OF_PROJECT, ...filter, '--format', '{{.Names}}');
    const names = listed.split('\n').filter(Boolean).sort();
    const format = '{{.State.Pid}} {{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}';
    return Promise.all(
      names.map(async (name) => {
        const [pid, address] = (await this.engine.run('inspect', '--format', format, name)).split(' ');
        return { name, pid: Number(pid), address: address ?? '' };
      }),
    );
  }

  /** Waits until as many of each service as there should be are up and, if they can tell, well. */
  async wellAgain(): Promise<void> {
    await eventually(
      async () => {
        const lines = (
          await this.engine.run('ps', '-a', ...OF_PROJECT, '--format', '{{.Names}} {{.Status}}')
        ).split('\n');
        const ill = lines.filter((line) => !/ Up /.test(line) || /starting|unhealthy/.test(line));
        if (ill.length > 0) throw new Error(`not well: ${ill.join(', ')}`);
      },
      { timeoutMs: UP_TIMEOUT_MS, intervalMs: 1_000 },
    );
  }

  async logs(): Promise<string> {
    return this.compose(['logs', '--no-color', '--tail', '40']).catch(String);
  }

  private compose(args: readonly string[], options: CommandOptions = {}): Promise<string> {
    return this.engine.compose(['-p', PROJECT, '-f', this.file, ...args], {
      timeoutMs: UP_TIMEOUT_MS,
      ...options,
      env: { SITE_ADDRESS: `localhost:${this.sitePort}`, SITE_PORT: String(this.sitePort) },
    });
  }
}

const withoutExtensions = (file: ComposeFile): Record<string, unknown> =>
  Object.fromEntries(Object.entries(file).filter(([key]) => !key.startsWith('x-')));

/** What the engine has under the name of the proof, by how it is listed and how it is removed. */
const kinds = [
  { list: ['ps', '-a', '-q'], remove: ['rm', '-f', '-v'] },
  { list: ['network', 'ls', '-q'], remove: ['network', 'rm'] },
  { list: ['volume', 'ls', '-q'], remove: ['volume', 'rm', '-f'] },
] as const;

async function removeLeftovers(engine: Engine): Promise<void> {
  for (const { list, remove } of kinds)
    await eventually(
      async () => {
        const left = (await engine.clean(...list, ...OF_PROJECT)).split('\n').filter(Boolean);
        for (const one of left) await engine.clean(...remove, one).catch(() => undefined);
        if (left.length > 0) throw new Error(`${list[0]}: ${left.join(', ')}`);
      },
      { timeoutMs: 60_000, intervalMs: 500 },
    );
}
