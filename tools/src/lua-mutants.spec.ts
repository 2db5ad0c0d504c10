import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../lib/workspace.mjs';
import { applyLuaMutant } from '../mutation/lua-mutant.mjs';
import { luaMutants, specsOfScript } from '../mutation/lua-mutants.mjs';

const folder = path.join(root, 'libs/redis/src');
const scripts = readdirSync(path.join(folder, 'scripts')).map((file) => file.replace(/\.lua$/, ''));
const textOf = (script: string) => readFileSync(path.join(folder, `scripts/${script}.lua`), 'utf8');

describe('applyLuaMutant', () => {
  const mutant = (find: string, replace: string) => ({ script: 'a-b-1', find, replace });

  it('replaces the text, and takes nothing in it for a pattern', () => {
    expect(applyLuaMutant("x = '$&' + 1", mutant("'$&' + 1", "'$1'"))).toBe("x = '$1'");
  });

  it.each([
    ['not found', 'return 2', 'return 1', 'return 3'],
    ['found twice', 'a() a()', 'a()', 'b()'],
    ['found twice', 'aaa', 'aa', 'b'],
    ['changes nothing', 'return 1', 'return 1', 'return 1'],
    ['changes nothing', 'return 1', '', 'x'],
  ])('is an error when the text is: %s', (error, text, find, replace) => {
    expect(() => applyLuaMutant(text, mutant(find, replace))).toThrow(new RegExp(`^a-b-1: .*${error}`));
  });
});

describe('the list of bugs', () => {
  it.each(luaMutants.map((mutant) => [mutant.script, mutant.why, mutant] as const))(
    'fits %s: %s',
    (script, _why, mutant) => {
      expect(applyLuaMutant(textOf(script), mutant)).not.toBe(textOf(script));
    },
  );

  it('has some for every script, each once', () => {
    expect([...new Set(luaMutants.map(({ script }) => script))].sort()).toEqual(scripts);
    const named = luaMutants.map(({ script, find, replace }) => `${script} ${find} ${replace}`);
    expect(new Set(named).size).toBe(named.length);
  });

  it('knows specs of every script', () => {
    const specs = readdirSync(folder);
    expect(Object.keys(specsOfScript).sort()).toEqual(scripts);
    for (const spec of Object.values(specsOfScript).flat())
      expect(specs.filter((file) => file.startsWith(spec) && file.endsWith('-spec.ts'))).toHaveLength(1);
  });
});
