import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from './engine.js';

export const apps = ['logic', 'gateway-api', 'connect-gateway', 'task-worker', 'web'] as const;
export const imageOf = (app: string): string => `localhost/parley/${app}:proof`;

/** Bytes that an image may have above its base. */
export const SIZE_BUDGET_BYTES = 200_000_000;
const BUILD_TIMEOUT_MS = 900_000;

/** Runs in a container: what should not be there, and what should not be possible. */
const INSPECT = `
const fs = require('node:fs'), wrong = [];
const walk = (dir) => { for (const e of fs.readdirSync(dir, { withFileTypes: true })) {
  const file = dir + '/' + e.name;
  if (e.isDirectory()) walk(file);
  else if (/\\.(ts|mts|cts|tsx|cc?|cpp|h|gyp|o)$/.test(e.name) || /(^|[.-])spec\\.[cm]?js$/.test(e.name)) wrong.push(file);
} };
walk('/parley');
for (const tool of ['npm', 'npx', 'yarn', 'corepack', 'gcc', 'g++', 'make', 'python3', 'tsc', 'node-gyp'])
  for (const dir of process.env.PATH.split(':').concat('/parley/node_modules/.bin'))
    if (fs.existsSync(dir + '/' + tool)) wrong.push(dir + '/' + tool);
for (const tool of ['typescript', 'node-gyp', 'vite', 'rolldown', 'nx', 'vitest', 'eslint', 'tar'])
  if (fs.existsSync('/parley/node_modules/' + tool)) wrong.push('node_modules/' + tool);
const parts = (file) => JSON.parse(fs.readFileSync('/parley/' + file, 'utf8'));
const billed = new Set(parts('sbom.cdx.json').components.map(({ name, version }) => name + '@' + version));
for (const [place, { version, name = place.slice(place.lastIndexOf('node_modules/') + 13) }] of Object.entries(parts('package-lock.json').packages))
  if (place !== '' && !billed.has(name + '@' + version)) wrong.push(place + ' is not in the SBOM');
if (process.getuid() === 0) wrong.push('runs as root');
for (const place of ['/parley/x', '/etc/x', '/x']) try { fs.writeFileSync(place, ''); wrong.push('writes ' + place); } catch {}
if (fs.readFileSync('/parley/main.js.map', 'utf8').includes('sourcesContent')) wrong.push('sources in main.js.map');
console.log(JSON.stringify({ wrong, node: process.version }));
`;

export interface BuiltImage {
  readonly app: string;
  readonly builtMs: number;
  readonly bytes: number;
  /** Above the base. */
  readonly ownBytes: number;
  readonly node: string;
  /** What is in it and should not be, or can be done and should not. */
  readonly wrong: readonly string[];
}

/** Builds the image of an app, and looks into it. */
export async function buildImage(
  engine: Engine,
  root: string,
  app: string,
  base: string,
): Promise<BuiltImage> {
  const startedAt = Date.now();
  const image = imageOf(app);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const args = { APP: app, VERSION: version };
  const buildArgs = Object.entries(args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
  await engine.build(
    ['-f', join(root, 'docker/Dockerfile'), ...buildArgs, '-t', image, root],
    BUILD_TIMEOUT_MS,
  );
  const builtMs = Date.now() - startedAt;
  const bytes = (await engine.sizeOf(image)) ?? 0;
  const said = await engine.run(
    'run',
    '--rm',
    '--read-only',
    '--network',
    'none',
    image,
    'node',
    '-e',
    INSPECT,
  );
  const { wrong, node } = JSON.parse(said.split('\n').at(-1) ?? '') as { wrong: string[]; node: string };
  if (bytes - ((await engine.sizeOf(base)) ?? 0) > SIZE_BUDGET_BYTES) wrong.push('is larger than it may be');
  return { app, builtMs, bytes, ownBytes: bytes - ((await engine.sizeOf(base)) ?? 0), node, wrong };
}
