import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { nxEntry, withNxEnv } from './nx.mjs';
import { runCommand } from './run-command.mjs';
import { UserError, appNames, cacheDir, dataDir, root } from './workspace.mjs';

/** What the apps are made of. */
const sources = [
  'apps',
  'libs',
  'tools/node-app.mjs',
  'tools/lib/app-flags.mjs',
  'package-lock.json',
  'tsconfig.base.json',
  'nx.json',
];
const skippedFolders = new Set(['dist', 'node_modules', 'coverage', '.vite', '.nx']);
const stampFile = path.join(cacheDir, 'build-stamp');
const lastLinesShown = 60;

/** @param {string} app */
export const entryOf = (app) => path.join(root, 'apps', app, 'dist/main.js');

/**
 * Builds the apps through Nx, which rebuilds only what changed; does not even start Nx when no file did.
 * @param {import('./output.mjs').Step} step
 */
export async function ensureBuilt(step) {
  const sourcesBefore = sourceStamp();
  if (readStamp() === `${sourcesBefore} ${builtStamp()}`) return step.done('nothing changed');
  step.work('building what changed');
  const args = [nxEntry, 'run-many', '-t', 'build', '--output-style=stream'];
  const result = await runCommand(process.execPath, args, {
    cwd: root,
    env: withNxEnv(process.env),
    logFile: path.join(dataDir, 'build.log'),
  });
  const missing = appNames.filter((app) => !isFile(entryOf(app)));
  if (!result.ok || missing.length > 0) {
    step.stop();
    const lines = result.output.trimEnd().split('\n').slice(-lastLinesShown);
    const reason = result.ok ? `no dist/main.js for: ${missing.join(', ')}` : 'The build failed';
    throw new UserError([`${reason} (all of it: .data/build.log):`, ...lines].join('\n'));
  }
  mkdirSync(cacheDir, { recursive: true });
  // The sources as they were before: a file saved during the build makes the next start build again.
  writeFileSync(stampFile, `${sourcesBefore} ${builtStamp()}`);
  step.done('built');
}

/** Sizes and times: cheap, and wrong only towards building once more. */
const sourceStamp = () => stampOf(sources.map((source) => path.join(root, source)));
/** Part of the stamp because `nx serve` writes to the same place. */
const builtStamp = () => stampOf(appNames.map(entryOf));

/** @param {string[]} files */
function stampOf(files) {
  const hash = createHash('sha256');
  for (const file of files) addTo(hash, file);
  return hash.digest('hex');
}

/** @param {import('node:crypto').Hash} hash @param {string} file */
function addTo(hash, file) {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat) return void hash.update(`${file} missing\n`);
  if (!stat.isDirectory()) return void hash.update(`${file} ${stat.size} ${stat.mtimeMs}\n`);
  for (const name of readdirSync(file).sort()) {
    if (!skippedFolders.has(name)) addTo(hash, path.join(file, name));
  }
}

function readStamp() {
  try {
    return readFileSync(stampFile, 'utf8');
  } catch {
    return '';
  }
}

/** @param {string} file */
function isFile(file) {
  return statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
}
