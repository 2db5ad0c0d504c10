import { describe, expect, it } from 'vitest';
import { isPermissive, productionPackages, scriptProblems } from '../lib/lock-file.mjs';

const locked = {
  'node_modules/a': { version: '1.0.0', license: 'MIT', dependencies: { b: '^2.0.0' } },
  'node_modules/a/node_modules/b': { version: '2.0.0', license: 'ISC', hasInstallScript: true },
  'node_modules/b': { version: '1.0.0', license: 'MIT', optionalDependencies: { c: '*', absent: '*' } },
  'node_modules/c': { version: '3.0.0', license: 'GPL-3.0', peerDependencies: { a: '*' } },
  'node_modules/d/node_modules/b': { version: '1.0.0', license: 'MIT' },
  'node_modules/dev': { version: '1.0.0', dev: true, hasInstallScript: true },
  'node_modules/@parley/ours': { version: '0.1.0', link: true },
  'libs/ours': { version: '0.1.0' },
};

describe('what a lock file says', () => {
  it.each([
    ['MIT', true],
    ['(MIT OR GPL-3.0)', true],
    ['(MIT AND BSD-3-Clause)', true],
    ['(MIT AND GPL-3.0)', false],
    ['AGPL-3.0-only', false],
    ['SEE LICENSE IN LICENSE', false],
    [undefined, false],
  ])('a licence %s is permissive: %s', (licence, expected) => expect(isPermissive(licence)).toBe(expected));

  it('what production has, each once, without ours', () => {
    expect(productionPackages(locked).map(({ name, version }) => `${name} ${version}`)).toEqual([
      'a 1.0.0',
      'b 1.0.0',
      'b 2.0.0',
      'c 3.0.0',
    ]);
  });

  it('scripts that nobody has decided about, and decisions about none', () => {
    expect(scriptProblems(locked, { b: true, dev: false })).toEqual([]);
    expect(scriptProblems(locked, { dev: true, gone: true })).toEqual([
      expect.stringMatching(/^b runs a script/),
      expect.stringMatching(/^gone is named/),
    ]);
  });
});
