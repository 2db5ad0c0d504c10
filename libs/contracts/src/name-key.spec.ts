import { describe, expect, it } from 'vitest';
import { nameKey, nameLook } from './name-key.js';

describe('nameKey', () => {
  it.each([
    ['case', 'Demo', 'DEMO'],
    ['composition', 'Zo\u00eb', 'Zoe\u0308'],
    ['width', 'Ｄｅｍｏ', 'demo'],
    ['ligatures', 'ﬁn', 'FIN'],
    ['sharp s', 'Straße', 'STRASSE'],
    ['final sigma', 'ΟΔΟΣ', 'οδος'],
    ['long s', 'ſam', 'Sam'],
    ['blanks around and within', ' \u00a0Anna \u2003 B\u2800', 'anna b'],
    ['a zero-width space', 'de\u200bmo', 'demo'],
    ['a joiner', 'de\u200dmo', 'demo'],
    ['a soft hyphen', 'de\u00admo', 'demo'],
    ['a selector', 'demo\ufe0f', 'demo'],
    ['a filler', 'demo\u3164', 'demo'],
    ['a grapheme joiner', 'd\u034femo', 'demo'],
    ['a changed direction', '\u202edemo', 'demo'],
    ['a control', 'demo\0', 'demo'],
    ['an emoji with and without a selector', '❤', '❤️'],
    ['a non-joiner', 'می‌خواهم', 'میخواهم'],
  ])('does not depend on %s', (_what, one, other) => expect(nameKey(one)).toBe(nameKey(other)));

  it.each([
    ['Anna', 'Änna'],
    ['Anna B', 'AnnaB'],
    ['👩‍💻', '👩'],
    ['小明', '小名'],
    ['demo1', 'demo2'],
    ['Elia', 'Ella'],
  ])('%s is not %s', (one, other) => expect(nameKey(one)).not.toBe(nameKey(other)));

  it('is its own key', () => {
    for (const name of ['Straße', 'İstanbul', 'Ⅷ ½', 'ǅ', 'ﷺ', '¨x', 'ΐ', 'ŉa', 'ᾳ', ' a\u2800 b', '\u1e9e'])
      expect(nameKey(nameKey(name)), name).toBe(nameKey(name));
  });
});

describe('nameLook', () => {
  it.each([
    ['Cyrillic', 'demo', 'dеmо'],
    ['Cyrillic capitals', 'DEMO', 'DЕМО'],
    ['all Cyrillic', 'BOB', 'ВОВ'],
    ['Greek', 'Anna', 'Αnna'],
    ['a capital I', 'paypal', 'paypaI'],
    ['digits', 'lol', '1o1'],
    ['0 and O', 'Bo', 'B0'],
    ['two letters for one', 'mary', 'rnary'],
    ['mathematical letters', 'demo', '𝐝𝐞𝐦𝐨'],
    ['a mark twice', 'Zoe\u0308', 'Zoe\u0308\u0308'],
    ['a dotless i', 'lina', 'lına'],
    ['what is not seen', 'demo', 'd\u200be\u034fmo\u2800'],
    ['a hyphen', 'a-b', 'a‐b'],
  ])('of %s is the same', (_what, one, other) => expect(nameLook(other)).toBe(nameLook(one)));

  it.each([
    ['Elia', 'Ella'],
    ['Ilse', 'Lise'],
    ['Anna', 'Änna'],
    ['Вова', 'Вера'],
    ['Юля', 'Оля'],
    ['小明', '小名'],
    ['🙂', '🙃'],
  ])('%s does not look like %s', (one, other) => expect(nameLook(one)).not.toBe(nameLook(other)));

  it('is there for every name that shows something', () => {
    for (const name of ['.', '-', '|', '"', '¨', '·', '1', '👩‍💻', '_', '\u02bc'])
      expect(nameLook(name), name).not.toBe('');
  });
});
