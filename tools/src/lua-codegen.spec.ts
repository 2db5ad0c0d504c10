import { describe, expect, it } from 'vitest';
import { renderScripts } from '../lib/lua-codegen.mjs';

const text = '-- Does it.\n--\n-- KEYS[1] the key\nreturn "`${x}`\\n"\n';

describe('renderScripts', () => {
  it('takes name and number of keys from the file name, and keeps the text with its header', async () => {
    const source = renderScripts([{ file: 'drop-old-thing-3.lua', text }]);
    const json = /lua: (".*"),/.exec(source)?.[1] ?? '';
    expect(source).toContain("  dropOldThing: {\n    name: 'dropOldThing',\n    numberOfKeys: 3,");
    expect(JSON.parse(json)).toBe(text);
  });

  it.each(['drop.lua', 'drop-thing.lua', 'Drop-thing-1.lua', 'drop_thing-1.lua', 'drop-1.lua'])(
    'refuses the file name %s',
    (file) => {
      expect(() => renderScripts([{ file, text }])).toThrow(/verb-noun-<number of keys>/);
    },
  );

  it('refuses a script without header, a name used twice and an empty folder', () => {
    expect(() => renderScripts([{ file: 'a-b-1.lua', text: 'return 1' }])).toThrow(/header comment/);
    const twice = ['a-b-1.lua', 'a-b-2.lua'].map((file) => ({ file, text }));
    expect(() => renderScripts(twice)).toThrow(/two scripts/);
    expect(() => renderScripts([])).toThrow(/no \.lua scripts/);
  });
});
