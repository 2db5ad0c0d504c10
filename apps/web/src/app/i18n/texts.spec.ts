import { errorCatalog } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { words as english } from './en-words.js';
import { errorText } from './error-texts.js';
import { loadWords } from './load-words.js';
import { words as chinese } from './zh-words.js';

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
  const inEnglish = flatten(english.texts);
  const inChinese = flatten(chinese.texts);

  it('have the same texts', () => {
    expect([...inChinese.keys()].sort()).toEqual([...inEnglish.keys()].sort());
  });

  it.each([...inEnglish])('%s is there, and mentions its number in both', (path, text) => {
    const other = inChinese.get(path) ?? '';
    expect(text.trim()).not.toBe('');
    expect(other.trim()).not.toBe('');
    expect(other.includes('987')).toBe(text.includes('987'));
  });

  it('are loaded by name', async () => {
    expect(await loadWords('en')).toBe(english);
    expect(await loadWords('zh')).toBe(chinese);
  });

  it('Chinese is Chinese', () => {
    for (const [path, text] of inChinese) expect(text, path).toMatch(/\p{Script=Han}/u);
  });
});

describe('errorText', () => {
  it.each(Object.keys(errorCatalog))('%s has words in both languages', (code) => {
    expect(errorText(english.errors, code)).not.toBe('');
    expect(errorText(chinese.errors, code)).toMatch(/\p{Script=Han}/u);
  });

  it('does not show a code it does not know', () => {
    expect(errorText(english.errors, 'FROM_THE_FUTURE')).toBe(errorText(english.errors, 'INTERNAL'));
    expect(errorText(english.errors, 'constructor')).toBe(errorText(english.errors, 'INTERNAL'));
  });
});
