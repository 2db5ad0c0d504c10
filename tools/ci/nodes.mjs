import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { runCommand } from '../lib/run-command.mjs';
import { cacheDir, root } from '../lib/workspace.mjs';
import { timeFor } from './after-tests.mjs';

/** Downloading a Node.js and trying it, on two cores. */
const neededSeconds = 20;
const downloadTimeoutMs = 60_000;
/** For what is too late to end. */
const reserveSeconds = 20;

/** What is tried on each: real processes on real sockets, with both native modules; by a test runner on the same Node.js. */
const suites = [
  {
    what: 'a Parley of real processes',
    cwd: 'e2e',
    args: ['src/together.e2e-spec.ts', '-t', 'one Parley delivery (shows|appends|sends)'],
  },
];

/**
 * The versions that the suites have to run on.
 *
 * @param {{ dockerfile: string, engines: string }} sources text of docker/Dockerfile, and `engines.node` of the package.json.
 * @returns {{ version: string, why: string }[]}
 * @throws {Error} when one of them names none.
 */
export function promisedVersions({ dockerfile, engines }) {
  const ofImages = /^ARG NODE_IMAGE=\S*\/node:(\d+\.\d+\.\d+)-/m.exec(dockerfile)?.[1];
  const [, major, minor] = /^>=(\d+)\.(\d+)$/.exec(engines) ?? [];
  if (ofImages === undefined || major === undefined)
    throw new Error('docker/Dockerfile or package.json names no version of Node.js');
  return [
    { version: ofImages, why: 'in the images' },
    { version: `${major}.${minor}.0`, why: 'the oldest that README promises' },
  ];
}

/**
 * Tries the versions that `npm test` did not run on.
 *
 * @param {{ limitSeconds: number, elapsed: () => number, env: NodeJS.ProcessEnv, say: (line: string) => void }} options
 * @param {{ current?: string, run?: typeof runCommand, get?: typeof nodeOf }} [means] `current`: what `npm test` ran on.
 * @returns {Promise<import('./after-tests.mjs').Outcome>}
 */
export async function tryNodes(
  { limitSeconds, elapsed, env, say },
  { current = process.version, run = runCommand, get = nodeOf } = {},
) {
  const covered = [`${current} (npm test)`];
  /** @type {string[]} */
  const missing = [];
  /** @type {string[]} */
  const failed = [];
  const versions = promisedVersions({
    dockerfile: readFileSync(path.join(root, 'docker/Dockerfile'), 'utf8'),
    engines: JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')).engines.node,
  });
  const due = versions.filter(({ version }) => !sameLine(current, version));
  const leftMs = () => (limitSeconds - elapsed() - reserveSeconds) * 1000;
  const hasTime = () => timeFor({ limitSeconds, elapsedSeconds: elapsed(), neededSeconds, reserveSeconds });
  // At once: they wait for the network.
  const nodes = hasTime() ? await Promise.all(due.map(({ version }) => get(version, run, leftMs()))) : [];
  for (const [i, { version, why }] of due.entries()) {
    const node = nodes[i];
    if (node === undefined || !hasTime()) missing.push(`v${version} (${why}): no time left`);
    else if (typeof node !== 'string') missing.push(`v${version} (${why}): ${node.missing}`);
    else {
      const problem = await tryNode(node, { env, timeoutMs: leftMs(), run, say });
      if (problem === undefined)
        covered.push(`v${version} (${why}: ${suites.map(({ what }) => what).join(', ')})`);
      else if (problem === 'late') missing.push(`v${version} (${why}): not done in time`);
      else failed.push(`v${version} (${why}): ${problem}`);
    }
  }
  const parts = [`Node.js: covered ${covered.join(', ')}`];
  if (missing.length > 0) parts.push(`NOT COVERED ${missing.join(', ')}`);
  if (failed.length > 0) parts.push(`FAILED ${failed.join(', ')}`);
  const verdict = failed.length > 0 ? 'bad' : missing.length > 0 ? 'unknown' : 'good';
  return { verdict, line: parts.join('; ') };
}

/** @param {string} one @param {string} other @returns {boolean} whether they differ in fixes only. */
const sameLine = (one, other) => minorOf(one) === minorOf(other);
/** @param {string} version */
const minorOf = (version) => version.replace(/^v/, '').split('.').slice(0, 2).join('.');

/**
 * All suites at once: they wait much.
 *
 * @param {string} node
 * @param {{ env: NodeJS.ProcessEnv, timeoutMs: number, run: typeof runCommand, say: (line: string) => void }} options
 * @returns {Promise<string | undefined>} what failed; `late` when the time was over.
 */
async function tryNode(node, { env, timeoutMs, run, say }) {
  const vitest = path.join(root, 'node_modules/vitest/vitest.mjs');
  const results = await Promise.all(
    suites.map(async ({ what, cwd, args }) => ({
      what,
      ran: await run(node, [vitest, 'run', ...args], { cwd: path.join(root, cwd), env, timeoutMs }),
    })),
  );
  const failed = results.filter(({ ran }) => !ran.ok && !ran.timedOut);
  for (const { ran } of failed)
    for (const line of ran.output.trimEnd().split('\n').slice(-60)) say(`  ${line}`);
  if (failed.length > 0) return failed.map(({ what }) => what).join(', ');
  return results.some(({ ran }) => ran.timedOut) ? 'late' : undefined;
}

/**
 * A Node.js of a version, as npm has it; kept for the next time.
 *
 * @param {string} version
 * @param {typeof runCommand} run
 * @param {number} leftMs
 * @returns {Promise<string | { missing: string }>} its program, or why it cannot be had.
 */
async function nodeOf(version, run, leftMs) {
  const timeoutMs = Math.min(leftMs, downloadTimeoutMs);
  const folder = path.join(cacheDir, 'nodes', version);
  const file = path.join(folder, 'bin/node');
  if (existsSync(file)) return file;
  if (process.platform !== 'linux') return { missing: `not looked for on ${process.platform}` };
  const part = `${folder}.${process.pid}`;
  mkdirSync(part, { recursive: true });
  try {
    const name = `node-linux-${process.arch}`;
    const packed = await run('npm', ['pack', '--silent', '--pack-destination', part, `${name}@${version}`], {
      cwd: root,
      timeoutMs,
    });
    if (!packed.ok) return { missing: `npm has no ${name}@${version} for this machine` };
    const archive = path.join(part, `${name}-${version}.tgz`);
    const options = ['-C', part, '--strip-components=1', 'package/bin/node'];
    const unpacked = await run('tar', ['xzf', archive, ...options], { timeoutMs });
    if (!unpacked.ok) return { missing: `${name}@${version} cannot be unpacked` };
    rmSync(archive);
    const runs = await run(path.join(part, 'bin/node'), ['--version'], { timeoutMs: 10_000 });
    if (runs.output.trim() !== `v${version}`) return { missing: `${name}@${version} does not run here` };
    renameSync(part, folder);
    return file;
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
}
