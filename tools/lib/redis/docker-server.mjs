import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findExecutable } from '../find-executable.mjs';
import { anyFreePort, portProblem } from '../ports.mjs';
import { runCommand } from '../run-command.mjs';
import { appendFsync } from './embedded-server.mjs';
import { inspect } from './resp.mjs';

const image = 'redis:7-alpine';
const host = '127.0.0.1';
const pullTimeoutMs = 300_000;
const readyTimeoutMs = 30_000;

/**
 * @typedef {object} DockerServer
 * @property {number} port
 * @property {(deadlineMs: number) => Promise<void>} stop
 */

/** One container per folder: its name is the lock on the AOF. @param {string} dir */
const containerOf = (dir) => `parley-redis-${createHash('sha256').update(dir).digest('hex').slice(0, 12)}`;

/** Says that a container of ours may be running: without it docker is not even asked. @param {string} dir */
const markerOf = (dir) => path.join(dir, 'container');

/**
 * The container an earlier start left running on this folder.
 * @param {string} dir
 * @returns {Promise<DockerServer | undefined>}
 */
export async function adoptContainer(dir) {
  if (!existsSync(markerOf(dir)) || !findExecutable('docker')) return undefined;
  const name = containerOf(dir);
  const { ok, output } = await docker(['port', name, '6379/tcp']);
  const port = Number(/127\.0\.0\.1:(\d+)/.exec(output)?.[1]);
  return ok && port > 0 && (await answers(port)) ? { port, stop: stopper(name, dir) } : undefined;
}

/**
 * @param {string} dir AOF folder on this machine
 * @param {number} preferredPort
 * @param {(what: string) => void} say
 * @param {NodeJS.ProcessEnv} env whose PATH is searched for docker.
 * @returns {Promise<DockerServer | undefined>} undefined without a docker that answers.
 */
export async function startContainer(dir, preferredPort, say, env) {
  if (!findExecutable('docker', { env }) || !(await docker(['info'])).ok) return undefined;
  mkdirSync(dir, { recursive: true });
  const name = containerOf(dir);
  const port =
    (await portProblem(preferredPort, host)) === undefined ? preferredPort : await anyFreePort(host);
  const { uid, gid } = os.userInfo();
  say(`starting ${image} with docker`);
  await docker(['rm', '-f', name]);
  writeFileSync(markerOf(dir), `${name}\n`);
  const started = await docker(
    [
      'run',
      '-d',
      '--rm',
      '--name',
      name,
      '--user',
      `${uid}:${gid}`,
      '-p',
      `${host}:${port}:6379`,
      '-v',
      `${dir}:/data`,
      image,
      'redis-server',
      '--appendonly',
      'yes',
      '--appendfsync',
      appendFsync,
      '--save',
      '',
    ],
    pullTimeoutMs,
  );
  if (!started.ok) {
    say(`docker could not start ${image}: ${started.output.trim().split('\n').at(-1)}`);
    return undefined;
  }
  if (await answers(port)) return { port, stop: stopper(name, dir) };
  await docker(['rm', '-f', name]);
  return undefined;
}

/** @param {number} port */
async function answers(port) {
  const deadline = Date.now() + readyTimeoutMs;
  while (Date.now() < deadline) {
    const ok = await inspect({ host, port }).then(
      () => true,
      () => false,
    );
    if (ok) return true;
    await delay(100);
  }
  return false;
}

/** @param {string} name @param {string} dir @returns {(deadlineMs: number) => Promise<void>} */
function stopper(name, dir) {
  return async (deadlineMs) => {
    const stopped = await docker(
      ['stop', '-t', String(Math.max(1, Math.floor(deadlineMs / 1000) - 1)), name],
      deadlineMs,
    );
    if (!stopped.ok) await docker(['kill', name], 1000);
    rmSync(markerOf(dir), { force: true });
  };
}

/** @param {string[]} args @param {number} [timeoutMs] */
function docker(args, timeoutMs = 5000) {
  return runCommand(findExecutable('docker') ?? 'docker', args, { timeoutMs });
}
