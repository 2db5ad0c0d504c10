import { readFileSync } from 'node:fs';
import path from 'node:path';
import { findExecutable } from '../find-executable.mjs';
import { UserError, isAtLeast, root } from '../workspace.mjs';
import { adoptContainer, startContainer } from './docker-server.mjs';
import { adoptServer, isSameFolder, startServer } from './embedded-server.mjs';
import { describe, parseRedisUrl } from './redis-url.mjs';
import { inspect } from './resp.mjs';
import { findServerBinary, installHints, minimumRedis } from './server-binary.mjs';

const host = '127.0.0.1';
const urlTimeoutMs = 3000;

/**
 * @typedef {object} FoundRedis
 * @property {string} url for the apps; may hold a password: never print it.
 * @property {string} summary what was found, for people.
 * @property {(deadlineMs: number) => Promise<void>} stop ends it if it is ours, else does nothing.
 * @property {(onRestart: (line: string) => void) => void} keepAlive restarts it when it dies, if it is ours.
 */

/**
 * Finds a Redis or starts one, in this order: the URL given by the user (never falling through), one on
 * the usual port, one that we left running, a program on PATH, Debian packages unpacked without root, docker.
 *
 * @param {object} options
 * @param {string} options.dataDir
 * @param {(what: string) => void} options.say notes on the way, without secrets.
 * @param {NodeJS.ProcessEnv} [options.env]
 * @param {NodeJS.Platform} [options.platform]
 * @param {number} [options.usualPort]
 * @param {string} [options.cache] folder for unpacked packages.
 * @returns {Promise<FoundRedis>}
 * @throws {UserError} with what to do about it.
 */
export async function findOrStartRedis({
  dataDir,
  say,
  env = process.env,
  platform = process.platform,
  usualPort = 6379,
  cache,
}) {
  const file = env.PARLEY_REDIS_URL_FILE;
  if (file && !env.PARLEY_REDIS_URL)
    return await useGiven(readFile('PARLEY_REDIS_URL_FILE', file), 'PARLEY_REDIS_URL_FILE', env);
  const variable = env.PARLEY_REDIS_URL ? 'PARLEY_REDIS_URL' : 'REDIS_URL';
  const url = env[variable];
  if (url) return await useGiven(url, variable, env);

  const dir = path.join(dataDir, 'redis');
  const existing = await lookAtUsualPort(usualPort, dir, say);
  if (existing) return existing;

  const takenOver = 'left running by an earlier start, taken over';
  const leftContainer = await adoptContainer(dir);
  if (leftContainer) return ours(leftContainer, takenOver);
  const bin = await findServerBinary({ env, platform, cache, say });
  const left = await adoptServer(dir, bin ?? 'redis-server', usualPort);
  if (left) return ours(left, takenOver);
  if (bin) return ours(await startServer(bin, dir, usualPort), `started ${bin}`);
  const brew = platform === 'darwin' ? findExecutable('brew', { env, platform }) : undefined;
  if (brew) say('Homebrew can provide it: brew install valkey');
  const container = await startContainer(dir, usualPort, say, env);
  if (container) return ours(container, 'started with docker');
  throw new UserError(
    [
      'No Redis was found, and none could be started. Any one of these will do:',
      ...installHints,
      '  Docker          docker run -d -p 127.0.0.1:6379:6379 redis:7-alpine redis-server --appendonly yes',
      '  elsewhere       REDIS_URL=redis://host:6379 npm start',
    ].join('\n'),
  );
}

/** @param {string} variable @param {string} file @returns {string} */
function readFile(variable, file) {
  try {
    return readFileSync(path.resolve(root, file), 'utf8').trim();
  } catch {
    throw new UserError(`${variable} names a file that cannot be read.`);
  }
}

/** @param {string} url @param {string} variable @param {NodeJS.ProcessEnv} env @returns {Promise<FoundRedis>} */
async function useGiven(url, variable, env) {
  const address = parseRedisUrl(url, variable);
  const caFile = address.tls ? env.PARLEY_REDIS_CA_FILE : undefined;
  if (caFile) address.ca = readFile('PARLEY_REDIS_CA_FILE', caFile);
  const where = describe(address);
  /** @param {string} reason */
  const refuse = (reason) =>
    new UserError(
      `${variable} (${where}) cannot be used: ${reason}.\nStart that Redis, correct ${variable}, or unset it to let this command find one.`,
    );
  const facts = await inspect(address, urlTimeoutMs).catch((error) => {
    throw refuse(explain(/** @type {Error} */ (error).message));
  });
  if (facts.version !== '' && !isAtLeast(facts.version, minimumRedis)) {
    throw refuse(`version ${facts.version} is too old, ${minimumRedis} is needed`);
  }
  return { url, summary: `${where} from ${variable}`, stop: async () => {}, keepAlive: () => {} };
}

/**
 * @param {number} port
 * @param {string} dir our AOF folder
 * @param {(what: string) => void} say
 * @returns {Promise<FoundRedis | undefined>}
 */
async function lookAtUsualPort(port, dir, say) {
  /** @param {string} reason */
  const skip = (reason) => say(`not using ${host}:${port}: ${reason}`);
  try {
    const facts = await inspect({ host, port });
    // Ours, or that of another folder: both are servers that somebody's Ctrl-C will end.
    if (isSameFolder(facts.dir, dir)) return undefined;
    if (/[/\\]\.data[/\\]redis$/.test(facts.dir))
      return void skip(`it belongs to ${path.dirname(path.dirname(facts.dir))}`);
    if (facts.version !== '' && !isAtLeast(facts.version, minimumRedis))
      return void skip(`version ${facts.version} is too old`);
    return {
      url: `redis://${host}:${port}`,
      summary: `found on ${host}:${port}`,
      stop: async () => {},
      keepAlive: () => {},
    };
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    if (message !== 'ECONNREFUSED') skip(explain(message));
    return undefined;
  }
}

/**
 * @param {import('./docker-server.mjs').DockerServer & Partial<import('./embedded-server.mjs').EmbeddedServer>} server
 * @param {string} how
 * @returns {FoundRedis}
 */
function ours(server, how) {
  return {
    url: `redis://${host}:${server.port}`,
    summary: `${how}, ${host}:${server.port}, data in .data/redis`,
    stop: (deadlineMs) => server.stop(deadlineMs),
    keepAlive: (onRestart) => server.keepAlive?.(onRestart),
  };
}

const unknownAuthority =
  'its certificate is from no authority that is trusted here (PARLEY_REDIS_CA_FILE names some)';
const untrusted = {
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  DEPTH_ZERO_SELF_SIGNED_CERT: unknownAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  CERT_HAS_EXPIRED: 'its certificate has expired',
};

/** @param {string} reason */
function explain(reason) {
  /** @type {Record<string, string>} */
  const words = {
    ECONNREFUSED: 'nothing listens there (ECONNREFUSED)',
    ENOTFOUND: 'the host name is unknown (ENOTFOUND)',
    timeout: 'no answer in time',
    NOAUTH: 'it asks for a password (give it in REDIS_URL)',
    ...untrusted,
    LOADING: 'it is still loading its data',
    'not a Redis': 'what listens there is not a Redis',
  };
  return words[reason] ?? reason;
}
