import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { findExecutable } from '../find-executable.mjs';
import { runCommand } from '../run-command.mjs';

/** Without recommendations and without anything that only an installed system needs. */
const dependencyOptions = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map(
  (kind) => `--no-${kind}`,
);
/** Part of every system on which the binary could run at all; a second copy would only do harm. */
const neverUnpacked = new Set(['libc6', 'libgcc-s1', 'libstdc++6', 'libcrypt1']);
const stepTimeoutMs = 180_000;

/** @param {string} folder the cache, normally node_modules/.cache/redis */
export const cachedServer = (folder) => {
  const bin = path.join(folder, 'bin/redis-server');
  return existsSync(bin) ? bin : undefined;
};

/**
 * Debian and Ubuntu without root: downloads the packages with private lists (apt still checks their
 * signatures) and unpacks them into `folder`. Nothing on the system changes.
 *
 * @param {string} folder
 * @param {(what: string) => void} say
 * @param {NodeJS.ProcessEnv} env whose PATH decides whether this is a Debian.
 * @returns {Promise<string | undefined>} path of a redis-server that runs; undefined where this cannot work.
 */
export async function unpackServer(folder, say, env) {
  if (!findExecutable('apt-get', { env }) || !findExecutable('dpkg-deb', { env })) return undefined;
  say('no Redis here: fetching the Debian packages (no root needed)');
  const work = path.join(folder, 'unpacking');
  rmSync(work, { recursive: true, force: true });
  for (const dir of ['lists/partial', 'cache/archives/partial', 'debs'])
    mkdirSync(path.join(work, dir), { recursive: true });
  try {
    const options = [
      '-o',
      `Dir::State::lists=${work}/lists`,
      '-o',
      `Dir::Cache=${work}/cache`,
      '-o',
      `APT::Sandbox::User=${os.userInfo().username}`,
      '-o',
      'Debug::NoLocking=1',
    ];
    const timeoutMs = stepTimeoutMs;
    const update = await runCommand('apt-get', ['-qq', ...options, 'update'], { timeoutMs });
    if (!update.ok) return undefined;
    const packages = await packagesToUnpack(options);
    const cwd = path.join(work, 'debs');
    if (!(await runCommand('apt-get', ['-qq', ...options, 'download', ...packages], { cwd, timeoutMs })).ok)
      return undefined;
    const tree = path.join(work, 'root');
    for (const file of readdirSync(cwd))
      await runCommand('dpkg-deb', ['-x', path.join(cwd, file), tree], { timeoutMs });
    return await adopt(folder, tree);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The server and those of its libraries that are not installed. @param {string[]} options */
async function packagesToUnpack(options) {
  const args = [...options, 'depends', '--recurse', ...dependencyOptions, 'redis-server'];
  const { output } = await runCommand('apt-cache', args, { timeoutMs: stepTimeoutMs });
  const libraries = [...output.matchAll(/^((?:lib|lua-)[\w.+-]+)$/gm)].map((match) => match[1] ?? '');
  const installed = await runCommand('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\n']);
  const present = new Set([...installed.output.matchAll(/^(\S+) installed$/gm)].map((match) => match[1]));
  const wanted = new Set(libraries.filter((name) => !present.has(name) && !neverUnpacked.has(name)));
  return ['redis-server', 'redis-tools', ...wanted];
}

/**
 * Keeps the unpacked tree if its server really runs here, behind a wrapper that knows its libraries.
 * The wrapper (not an environment variable of ours) sets the path, so that no other program sees them.
 * @param {string} folder
 * @param {string} tree
 */
async function adopt(folder, tree) {
  const final = path.join(folder, 'root');
  rmSync(final, { recursive: true, force: true });
  renameSync(tree, final);
  const libraries = ['usr/lib', 'lib'].flatMap((dir) => foldersBelow(path.join(final, dir)));
  const bin = path.join(folder, 'bin/redis-server');
  const draft = path.join(folder, 'redis-server.draft');
  writeFileSync(
    draft,
    `#!/bin/sh\nLD_LIBRARY_PATH='${libraries.join(':')}'\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}\nexport LD_LIBRARY_PATH\nexec '${final}/usr/bin/redis-server' "$@"\n`,
  );
  chmodSync(draft, 0o755);
  if (!(await runCommand(draft, ['--version'])).ok) return undefined;
  mkdirSync(path.dirname(bin), { recursive: true });
  // Last: the wrapper's presence says that everything behind it is complete.
  renameSync(draft, bin);
  return bin;
}

/** @param {string} dir */
function foldersBelow(dir) {
  if (!statSync(dir, { throwIfNoEntry: false })?.isDirectory()) return [];
  const below = readdirSync(dir, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [dir, ...below.map((entry) => path.join(dir, entry.name))];
}
