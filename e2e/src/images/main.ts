import { freePort } from '@parley/testing';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { baseOf, ensureBases } from './bases.js';
import { endCommands } from './command.js';
import { ComposeSet, readCompose } from './compose-set.js';
import { Engine } from './engine.js';
import { apps, buildImage, imageOf, type BuiltImage } from './images.js';
import { prove, type ProofResult } from './proof.js';

const root = process.env['PARLEY_ROOT'] ?? resolve(import.meta.dirname, '../../..');
const startedAt = Date.now();
/** For what is under way to notice that the proof is over; people may be waiting for answers for much longer. */
const LAST_STEPS_MS = 15_000;
const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
const megabytes = (bytes: number) => `${(bytes / 1_000_000).toFixed(0)} MB`;
const say = (line: string) => console.log(`${seconds(Date.now() - startedAt).padStart(8)}  ${line}`);

/** The last line, which `.ci/run` reads, and the exit code. */
interface Verdict {
  readonly line: string;
  readonly exitCode: number;
}
const proven: Verdict = { line: 'THE IMAGES ARE PROVEN: nothing was lost.', exitCode: 0 };
const notGood: Verdict = { line: 'THE IMAGES ARE NOT GOOD: see above.', exitCode: 1 };
/** Nothing is known about them; without a builder that is no failure, and it is not silent. */
const notProven = (why: string, exitCode: number): Verdict => ({
  line: `THE IMAGES WERE NOT PROVEN: ${why.replace(/\.$/, '')}.`,
  exitCode,
});

/** Ends the proof before its time; its reason is why. */
const ending = new AbortController();
ending.signal.addEventListener('abort', endCommands);

/** How far it has come. */
interface Progress {
  set?: ComposeSet;
  isUp: boolean;
}

async function main(): Promise<Verdict> {
  const { quick, within } = parseArgs({
    options: { quick: { type: 'boolean', default: false }, within: { type: 'string' } },
  }).values;
  const engine = await Engine.find();
  if (typeof engine === 'string') return notProven(engine, 0);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => ending.abort(`interrupted by ${signal}`));
  if (within !== undefined)
    setTimeout(() => ending.abort(`not done within ${within} s`), Number(within) * 1_000);
  const ended = once(ending.signal, 'abort').then(() => notProven(String(ending.signal.reason), 130));
  const progress: Progress = { isUp: false };
  const work = carryThrough(engine, quick, progress);
  try {
    return await Promise.race([work, ended]);
  } catch (error) {
    if (ending.signal.aborted) return await ended;
    const said = error instanceof Error ? error.message : String(error);
    console.error(said);
    console.error(await progress.set?.logs());
    // Before, it may be the machine: a builder that does not build, a registry that is away.
    return progress.isUp ? notGood : notProven(`they were not built and up: ${said.split('\n')[0]}`, 1);
  } finally {
    // A build that was ended takes away what it has begun.
    await Promise.race([work.catch(() => undefined), pause(LAST_STEPS_MS)]);
    await progress.set?.down().catch((error: unknown) => say(`could not be taken down: ${String(error)}`));
    engine.close();
  }
}

async function carryThrough(engine: Engine, quick: boolean, progress: Progress): Promise<Verdict> {
  say(`with ${engine.name}, Node.js ${process.version}`);
  const base = baseOf(root);
  const { services } = readCompose(root);
  const others = [...new Set(Object.values(services).flatMap(({ build, image }) => (build ? [] : [image])))];
  const bases = await ensureBases(engine, root, base, others, say, quick);
  if ('missing' in bases) return notProven(bases.missing, 0);
  const images: BuiltImage[] = [];
  for (const app of apps) {
    images.push(await buildImage(engine, root, app, base));
    say(`built ${app}`);
  }
  const { standIns } = bases;
  const set = new ComposeSet(engine, root, await freePort(), imageOf, standIns);
  progress.set = set;
  await set.makeSecrets();
  const upAt = Date.now();
  await set.up();
  const upMs = Date.now() - upAt;
  progress.isUp = true;
  say('everything is up and well');
  const memoryAtStart = await memory(engine);
  const result = await prove(set, say);
  report({ base, standIns, images, upMs, memoryAtStart, memoryAtEnd: await memory(engine), result });
  const isGood = result.violations.length === 0 && images.every(({ wrong }) => wrong.length === 0);
  return isGood ? proven : notGood;
}

async function memory(engine: Engine): Promise<ReadonlyMap<string, string>> {
  const said = await engine.run('stats', '--no-stream', '--format', '{{.Name}} {{.MemUsage}}');
  return new Map(
    said
      .split('\n')
      .filter((line) => line.startsWith('parley-proof'))
      .sort()
      .map((line) => [line.split(' ')[0] ?? '', line.split(' ')[1] ?? '']),
  );
}

interface Report {
  readonly base: string;
  readonly standIns: readonly string[];
  readonly images: readonly BuiltImage[];
  readonly upMs: number;
  readonly memoryAtStart: ReadonlyMap<string, string>;
  readonly memoryAtEnd: ReadonlyMap<string, string>;
  readonly result: ProofResult;
}

function report({ base, standIns, images, upMs, memoryAtStart, memoryAtEnd, result }: Report): void {
  console.log(`\nbase ${base}${standIns.length > 0 ? `; stood in for: ${standIns.join(', ')}` : ''}`);
  for (const { app, builtMs, bytes, ownBytes, node, wrong } of images)
    console.log(
      `${app.padEnd(16)} ${megabytes(bytes).padStart(7)}, ${megabytes(ownBytes).padStart(6)} above the base; built in ${seconds(builtMs)}; Node.js ${node}` +
        (wrong.length > 0 ? `; WRONG: ${wrong.slice(0, 5).join(', ')}` : ''),
    );
  console.log(`up and well in ${seconds(upMs)}`);
  for (const [name, at] of memoryAtStart)
    console.log(`${name.padEnd(34)} ${at}, ${memoryAtEnd.get(name) ?? '?'} at the end`);
  for (const { what, ms } of result.steps) console.log(`${what}: all could talk after ${seconds(ms)}`);
  console.log(
    `${result.acked} messages acknowledged, ${result.received} shown; violations: ${result.violations.length}`,
  );
  for (const violation of result.violations.slice(0, 20)) console.log(violation);
}

const { line, exitCode } = await main();
console.log(line);
// Whoever was interrupted leaves people behind who wait for answers.
process.exit(exitCode);
