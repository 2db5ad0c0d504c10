import { freePort } from '@parley/testing';
import { resolve } from 'node:path';
import { baseOf, ensureBases } from './bases.js';
import { ComposeSet, readCompose } from './compose-set.js';
import { Engine } from './engine.js';
import { apps, buildImage, imageOf, type BuiltImage } from './images.js';
import { prove, type ProofResult } from './proof.js';

const root = process.env['PARLEY_ROOT'] ?? resolve(import.meta.dirname, '../../..');
const startedAt = Date.now();
const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
const megabytes = (bytes: number) => `${(bytes / 1_000_000).toFixed(0)} MB`;
const say = (line: string) => console.log(`${seconds(Date.now() - startedAt).padStart(8)}  ${line}`);

/** What a machine says on which nothing can be proven; it is no failure, and it is not silent. */
function notHere(why: string): void {
  console.log(`THE IMAGES WERE NOT PROVEN: ${why}.`);
}

async function main(): Promise<void> {
  const engine = await Engine.find();
  if (typeof engine === 'string') return notHere(engine);
  let set: ComposeSet | undefined;
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      const down = set?.down() ?? Promise.resolve();
      void down
        .catch(() => undefined)
        .finally(() => {
          engine.close();
          process.exit(130);
        });
    });
  try {
    say(`with ${engine.name}, Node.js ${process.version}`);
    const base = baseOf(root);
    const { services } = readCompose(root);
    const others = [
      ...new Set(Object.values(services).flatMap(({ build, image }) => (build ? [] : [image]))),
    ];
    const bases = await ensureBases(engine, root, base, others, say);
    if ('missing' in bases) return notHere(bases.missing);
    const images: BuiltImage[] = [];
    for (const app of apps) {
      images.push(await buildImage(engine, root, app, base));
      say(`built ${app}`);
    }
    const { standIns } = bases;
    set = new ComposeSet(engine, root, await freePort(), imageOf, standIns);
    await set.makeSecrets();
    const upAt = Date.now();
    await set.up();
    const upMs = Date.now() - upAt;
    say('everything is up and well');
    const memoryAtStart = await memory(engine);
    const result = await prove(set, say);
    report({ base, standIns, images, upMs, memoryAtStart, memoryAtEnd: await memory(engine), result });
    if (result.violations.length > 0 || images.some(({ wrong }) => wrong.length > 0)) process.exitCode = 1;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    console.error(await set?.logs());
    console.log('THE IMAGES ARE NOT GOOD: see above.');
    process.exitCode = 1;
  } finally {
    await set?.down().catch((error: unknown) => say(`could not be taken down: ${String(error)}`));
    engine.close();
  }
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
  const isGood = result.violations.length === 0 && images.every(({ wrong }) => wrong.length === 0);
  console.log(isGood ? 'THE IMAGES ARE PROVEN: nothing was lost.' : 'THE IMAGES ARE NOT GOOD: see above.');
}

await main();
