import path from 'node:path';
import { findExecutable } from '../find-executable.mjs';
import { runCommand } from '../run-command.mjs';
import { isAtLeast, root } from '../workspace.mjs';
import { cachedServer, unpackServer } from './apt.mjs';

/** Streams with MINID trimming and XAUTOCLAIM. */
export const minimumRedis = '6.2.0';

export const redisCacheDir = path.join(root, 'node_modules/.cache/redis');

/**
 * A server program this machine can run: on PATH, unpacked earlier, or unpacked now.
 *
 * @param {object} [options]
 * @param {NodeJS.ProcessEnv} [options.env]
 * @param {NodeJS.Platform} [options.platform]
 * @param {string} [options.cache] folder for unpacked packages.
 * @param {(what: string) => void} [options.say]
 * @returns {Promise<string | undefined>} undefined when none can be had this way.
 */
export async function findServerBinary({
  env = process.env,
  platform = process.platform,
  cache = redisCacheDir,
  say = () => {},
} = {}) {
  for (const name of ['redis-server', 'valkey-server']) {
    const bin = findExecutable(name, { env, platform });
    if (!bin) continue;
    const version = /v=([\d.]+)/.exec(
      (await runCommand(bin, ['--version'], { timeoutMs: 5000 })).output,
    )?.[1];
    if (version === undefined) say(`${bin} does not run here`);
    else if (!isAtLeast(version, minimumRedis)) say(`${bin} is too old (${version}, needs ${minimumRedis})`);
    else return bin;
  }
  if (platform !== 'linux') return undefined;
  return cachedServer(cache) ?? (await unpackServer(cache, say, env));
}

/** What to do when no server can be found, per system. */
export const installHints = [
  '  Debian/Ubuntu   sudo apt-get install -y redis-server',
  '  Fedora          sudo dnf install -y valkey',
  '  Alpine          sudo apk add valkey',
  '  macOS           brew install valkey',
];
