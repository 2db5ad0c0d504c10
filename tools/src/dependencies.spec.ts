import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const read = (name: string): unknown => JSON.parse(readFileSync(join(root, name), 'utf8'));

/** Where the tree has a package that runs, and is not only built or tested with: one place for each version. */
function placesOf(name: string): string[] {
  const { packages } = read('package-lock.json') as {
    packages: Record<string, { readonly dev?: boolean }>;
  };
  return Object.entries(packages)
    .filter(([place, { dev }]) => dev !== true && place.endsWith(`node_modules/${name}`))
    .map(([place]) => place);
}

// Nest brought an older ws beside ours, without its bound on pongs: which of the two served was for npm to decide.
it.each(['ws', 'fastify', 'ioredis', 'rxjs', 'reflect-metadata', 'typeorm', 'zod'])(
  'the tree has one version of %s',
  (name) => {
    expect(placesOf(name)).toEqual([`node_modules/${name}`]);
  },
);
