import { errorCatalog } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { en } from './en.js';
import { errorText } from './error-texts.js';
import { zh } from './zh.js';

/** Dotted path → text; a function is called with a number that no text contains by itself. */
function flatten(node: unknown, path = ''): Map<string, string> {
  if (typeof node === 'string') return new Map([[path, node]]);
  if (typeof node === 'function') return new Map([[path, String((node as (n: unknown) => unknown)(987))]]);
  return new Map(
    Object.entries(node as object).flatMap(([key, value]) => [
      ...flatten(value, path ? `${path}.${key}` : key),
    ]),
  );
}

describe('languages', () => {
  const english = flatten(en);
  const chinese = flatten(zh);

  it('have the same texts', () => {
    expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort());
  });

  it.each([...english])('%s is there, and mentions its number in both', (path, text) => {
    const other = chinese.get(path) ?? '';
    expect(text.trim()).not.toBe('');
    expect(other.trim()).not.toBe('');
    expect(other.includes('987')).toBe(text.includes('987'));
  });

  it('Chinese is Chinese', () => {
    for (const [path, text] of chinese) expect(text, path).toMatch(/\p{Script=Han}/u);
  });
});

describe('errorText', () => {
  it.each(Object.keys(errorCatalog))('%s has words in both languages', (code) => {
    expect(errorText('en', code)).not.toBe('');
    expect(errorText('zh', code)).toMatch(/\p{Script=Han}/u);
  });

  it('does not show a code it does not know', () => {
    expect(errorText('en', 'FROM_THE_FUTURE')).toBe(errorText('en', 'INTERNAL'));
    expect(errorText('en', 'constructor')).toBe(errorText('en', 'INTERNAL'));
  });
});
