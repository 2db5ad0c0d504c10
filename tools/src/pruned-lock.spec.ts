import { describe, expect, it } from 'vitest';
import { isKept, prunedLock } from '../lib/pruned-lock.mjs';

const lock = {
  name: 'all',
  lockfileVersion: 3,
  packages: {
    '': {},
    'node_modules/a': { version: '1.0.0', dependencies: { b: '^2.0.0' }, dev: true },
    'node_modules/a/node_modules/b': { version: '2.0.0', dependencies: { c: '*' } },
    'node_modules/b': { version: '1.0.0' },
    'node_modules/c': {
      version: '1.0.0',
      peerDependencies: { d: '*', e: '*', 'build-tool': '*' },
      peerDependenciesMeta: { e: { optional: true }, 'build-tool': { optional: true } },
    },
    'node_modules/d': { version: '1.0.0', optionalDependencies: { 'for-another-machine': '*' } },
    'node_modules/for-another-machine': { version: '1.0.0' },
    'node_modules/sqlite3': { version: '6.0.0', dependencies: { bindings: '*', 'prebuild-install': '*' } },
    'node_modules/bindings': { version: '1.0.0' },
    'node_modules/prebuild-install': { version: '1.0.0' },
    'node_modules/build-tool': { version: '1.0.0' },
  },
};
const installed = (place: string) => !place.endsWith('for-another-machine');
const pruned = (dependencies: Record<string, string>) =>
  prunedLock(lock, { name: '@parley/x', version: '1.2.3', dependencies }, installed);
const placesFor = (...names: string[]) =>
  Object.keys(pruned(Object.fromEntries(names.map((name) => [name, '1.0.0']))).packages);

describe('the lock file of an image', () => {
  it('has what an app needs, where the whole lock has it, and nothing else', () => {
    expect(placesFor('a')).toEqual([
      '',
      'node_modules/a',
      'node_modules/a/node_modules/b',
      'node_modules/c',
      'node_modules/d',
    ]);
    expect(placesFor('b')).toEqual(['', 'node_modules/b']);
    // An optional peer is there for who names it, and not because the tools have it installed.
    expect(placesFor('c', 'build-tool')).toEqual([
      '',
      'node_modules/build-tool',
      'node_modules/c',
      'node_modules/d',
    ]);
  });

  it('has nothing that only installs a package', () => {
    const { packages } = pruned({ sqlite3: '6.0.0' });
    expect(Object.keys(packages)).toEqual(['', 'node_modules/bindings', 'node_modules/sqlite3']);
    expect(packages['node_modules/sqlite3']?.dependencies).toEqual({ bindings: '*' });
  });

  it('is that of the app, and calls nothing a tool of developers', () => {
    const { name, version, packages } = pruned({ a: '1.0.0' });
    expect({ name, version, own: packages['']?.dependencies }).toEqual({
      name: '@parley/x',
      version: '1.2.3',
      own: { a: '1.0.0' },
    });
    expect(packages['node_modules/a']?.dev).toBeUndefined();
  });

  it('is refused when something is missing', () => {
    expect(() => placesFor('nobody')).toThrow('@parley/x needs nobody, which is not in package-lock.json');
    expect(() => placesFor('for-another-machine')).toThrow('which is not installed');
  });
});

describe('of a package', () => {
  it.each([
    ['node_modules/a', ''],
    ['node_modules/a', 'index.js'],
    ['node_modules/a', 'lib/test/helper.js'],
    ['node_modules/a', 'LICENSE.md'],
    ['node_modules/a', 'NOTICE'],
    ['node_modules/sqlite3', 'build'],
    ['node_modules/sqlite3', 'build/Release'],
    ['node_modules/sqlite3', 'build/Release/node_sqlite3.node'],
    ['node_modules/argon2', 'prebuilds/linux-x64/argon2.glibc.node'],
    ['node_modules/@nestjs/typeorm', 'browser'],
  ])('%s, %j goes into an image', (place, file) => expect(isKept(place, file)).toBe(true));

  it.each([
    ['node_modules/a', 'index.d.ts'],
    ['node_modules/a', 'index.js.map'],
    ['node_modules/a', 'README.md'],
    ['node_modules/a', 'test'],
    ['node_modules/a', 'test/index.js'],
    ['node_modules/a', 'node_modules'],
    ['node_modules/a', 'src/main.cc'],
    ['node_modules/sqlite3', 'build/Release/obj.target/x.js'],
    ['node_modules/sqlite3', 'deps/sqlite.tar.gz'],
    ['node_modules/a/node_modules/typeorm', 'browser/index.js'],
  ])('%s, %j does not', (place, file) => expect(isKept(place, file)).toBe(false));
});
