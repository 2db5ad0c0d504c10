import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { findExecutable } from './find-executable.mjs';
import { runCommand } from './run-command.mjs';
import { UserError, dataDir, root } from './workspace.mjs';

const stampFile = path.join(root, 'node_modules/.parley-install');
const lastLinesShown = 30;

/**
 * Installs the dependencies unless node_modules already matches package-lock.json.
 * @param {import('./output.mjs').Step} step
 */
export async function ensureDependencies(step) {
  const stamp = installStamp(readFileSync(path.join(root, 'package-lock.json')));
  if (readText(stampFile) === stamp) return step.done('up to date');
  if (nodeModulesMatchLock()) {
    writeFileSync(stampFile, stamp);
    return step.done('up to date (installed by hand)');
  }
  const isFirst = !existsSync(path.join(root, 'node_modules'));
  step.work(isFirst ? 'installing (npm ci; one to two minutes)' : 'package-lock.json changed: npm ci');
  const npm = findNpm();
  const logFile = path.join(dataDir, 'install.log');
  // NODE_ENV=production in the shell would otherwise leave out the build tools.
  const args = [...npm.args, 'ci', '--include=dev', '--no-audit', '--no-fund'];
  const result = await runCommand(npm.command, args, { cwd: root, logFile });
  if (!result.ok) {
    step.stop();
    throw new UserError(installFailure(result.output, logFile));
  }
  writeFileSync(stampFile, stamp);
  step.done('installed');
}

/**
 * @param {Buffer} lockfile
 * @returns {string} changes when the packages or the kind of binaries change.
 */
export function installStamp(lockfile) {
  const hash = createHash('sha256').update(lockfile).digest('hex');
  return `${hash} ${process.platform} ${process.arch}`;
}

/** npm writes node_modules/.package-lock.json as its last act: equal versions there mean a finished install. */
function nodeModulesMatchLock() {
  const installed = readJson('node_modules/.package-lock.json')?.packages;
  const wanted = readJson('package-lock.json')?.packages;
  return Boolean(installed && wanted && lockMatches(wanted, installed));
}

/**
 * @typedef {Record<string, { version?: string, optional?: boolean, devOptional?: boolean, link?: boolean, resolved?: string }>} LockPackages
 * @param {LockPackages} wanted `packages` of package-lock.json
 * @param {LockPackages} installed `packages` of node_modules/.package-lock.json
 * @returns {boolean} true when everything that is not optional is there in the wanted version, and nothing else.
 */
export function lockMatches(wanted, installed) {
  for (const [name, entry] of Object.entries(wanted)) {
    if (!name.includes('node_modules/')) continue;
    const actual = installed[name];
    if (!actual) {
      if (entry.optional || entry.devOptional) continue;
      return false;
    }
    if (actual.version !== entry.version || Boolean(actual.link) !== Boolean(entry.link)) return false;
  }
  return Object.keys(installed).every((name) => name in wanted);
}

/** npm as it was used to start us, else npm of this Node.js, else npm on PATH. */
function findNpm() {
  const beside = path.join(path.dirname(process.execPath), '../lib/node_modules/npm/bin/npm-cli.js');
  const cli = [process.env.npm_execpath, beside].find(
    (file) => file?.endsWith('npm-cli.js') && existsSync(file),
  );
  if (cli) return { command: process.execPath, args: [cli] };
  const command = findExecutable('npm');
  if (command) return { command, args: [] };
  throw new UserError('npm was not found. It comes with Node.js: https://nodejs.org/');
}

/**
 * @param {string} output what npm said.
 * @param {string} logFile
 * @param {(tool: string) => boolean} [has]
 * @returns {string} the end of it, and what to do about the known causes.
 */
export function installFailure(output, logFile, has = (tool) => findExecutable(tool) !== undefined) {
  const missing = ['python3', 'make', 'g++'].filter((tool) => !has(tool));
  const lines = output.trimEnd().split('\n').slice(-lastLinesShown);
  const text = [
    `npm ci failed (all of it: ${path.relative(root, logFile)}):`,
    ...lines.map((line) => `  ${line}`),
    '',
  ];
  if (/gyp ERR|node-gyp|prebuild-install/.test(output) && missing.length > 0) {
    text.push(
      `sqlite3 has to be compiled here, and this machine lacks: ${missing.join(', ')}. Install them, then run the same command again:`,
      '  Debian/Ubuntu   sudo apt-get install -y python3 make g++',
      '  Fedora          sudo dnf install -y python3 make gcc-c++',
      '  Alpine          sudo apk add python3 make g++',
      '  macOS           xcode-select --install',
    );
  } else if (/ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET/.test(output)) {
    text.push(
      'The package registry could not be reached: check the network (and proxy), then run the same command again.',
    );
  } else if (/ENOSPC/.test(output)) {
    text.push('The disk is full: about 600 MB are needed.');
  } else {
    text.push('Correct that, then run the same command again.');
  }
  return text.join('\n');
}

/** @param {string} file */
function readText(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** @param {string} file */
function readJson(file) {
  try {
    return JSON.parse(readFileSync(path.join(root, file), 'utf8'));
  } catch {
    return undefined;
  }
}
