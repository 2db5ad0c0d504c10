import { describe, expect, it } from 'vitest';
import { excerpt, isLong } from './excerpt.js';
import { linkify } from './linkify.js';

const shown = (text: string) =>
  excerpt(linkify(text))
    .map((part) => part.text)
    .join('');

describe('isLong', () => {
  it.each([
    ['nothing', '', false],
    ['a sentence', 'hello', false],
    ['25 lines', 'a\n'.repeat(24) + 'a', false],
    ['26 lines', 'a\n'.repeat(25) + 'a', true],
    ['1,600 emoji', '👋'.repeat(1_600), false],
    ['1,601 letters', 'a'.repeat(1_601), true],
    ['2,000 newlines', `a${'\n'.repeat(2_000)}b`, true],
  ])('%s', (_name, text, expected) => expect(isLong(text)).toBe(expected));
});

describe('excerpt', () => {
  it('is the first 16 lines', () => {
    const lines = Array.from({ length: 2_000 }, (_, i) => `line ${i}`);
    expect(shown(lines.join('\n'))).toBe(lines.slice(0, 16).join('\n'));
  });

  it('is what stands before a great many newlines', () => {
    expect(shown(`above${'\n'.repeat(2_000)}below`)).toBe('above');
  });

  it('ends between two words', () => {
    const text = 'word '.repeat(800);
    expect(shown(text).endsWith('word')).toBe(true);
    expect(shown(text).length).toBeLessThanOrEqual(1_000);
  });

  it('ends somewhere in a word without an end, but not in a character', () => {
    expect(shown('👋'.repeat(2_000))).toBe('👋'.repeat(1_000));
  });

  it('has a link whole, or not at all', () => {
    const long = `https://example.org/${'a'.repeat(600)}`;
    expect(shown(`${long} ${long} ${long}`)).toBe(`${long} `);
    const endless = `https://example.org/${'a'.repeat(2_000)}`;
    expect(shown(endless)).toBe(endless);
  });

  it('counts lines across links', () => {
    const lines = Array.from({ length: 40 }, (_, i) => `https://example.org/${i}`);
    expect(shown(lines.join('\n')).trimEnd()).toBe(lines.slice(0, 16).join('\n'));
  });
});
