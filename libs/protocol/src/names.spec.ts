import { describe, expect, it } from 'vitest';
import { roomNameField, userNameField } from './fields.js';

const both = [
  ['user', userNameField],
  ['room', roomNameField],
] as const;

describe.each(both)('the name of a %s', (_, field) => {
  // These were refused, because they hold a joiner or a selector that their script or emoji needs.
  it.each([
    '👩‍💻 Dev',
    '🏳️‍🌈',
    '🏴󠁧󠁢󠁷󠁬󠁳󠁿',
    '🏴‍☠️',
    '👨🏽‍👩🏽‍👧 Familie',
    '❤️',
    '1️⃣',
    '👩🏿‍🚀',
    'می‌خواهم',
    'क्‍ष',
    'শ্রীমান্‌ক',
    '葛\u{E0100}城',
    'ᠠ\u180B',
    'Zoë',
    'Nguyễn Thị Minh',
    '小明',
    'שָׁלוֹם',
    '_-_',
    'O’Neill',
    '\u{1FAE9}',
  ])('may be %s', (name) => expect(field.parse(name)).toBe(name.normalize('NFC')));

  it.each([
    ['nothing', ''],
    ['blanks', ' \u00a0\u2003\u3000'],
    ['a zero-width space', '\u200b'],
    ['joiners', '\u200d\u200c'],
    ['a word joiner and a byte order mark', '\u2060\ufeff'],
    ['a soft hyphen', '\u00ad'],
    ['variation selectors', '\ufe0f\u{E0101}'],
    ['a Hangul filler', '\u3164'],
    ['a half-width Hangul filler', '\uffa0'],
    ['Hangul jamo fillers', '\u115f\u1160'],
    ['a Braille blank', '\u2800'],
    ['a grapheme joiner', '\u034f'],
    ['tags', '\u{E0061}\u{E007F}'],
    ['a mark alone', '\u0301'],
    ['the null notehead', '\u{1D159}'],
    ['a Mongolian separator', '\u180e'],
    ['an annotation anchor', '\ufff9'],
    ['NUL', 'a\0b'],
    ['a new line', 'a\nb'],
    ['an escape', 'a\u001b[2Jb'],
    ['a line separator', 'a\u2028b'],
    ['a changed direction', 'a\u202eb'],
    ['an isolate', 'a\u2066b'],
    ['half a surrogate pair', 'a\ud83d'],
    ['a joiner between Latin letters', 'de\u200dmo'],
    ['a non-joiner at the end', 'می\u200c'],
    ['a hidden zero-width space', 'de\u200bmo'],
    ['a selector behind a letter', 'demo\ufe0f'],
    ['a filler at the end', 'demo\u3164'],
    ['a Braille blank at the end', 'demo\u2800'],
    ['tags behind another emoji', '👍\u{E0067}\u{E007F}'],
    ['a mark on what stands before', '\u0301demo'],
    ['a mark twice', 'demo\u0301\u0301'],
    ['a noncharacter', 'demo\uffff'],
  ])('may not be or hold %s', (_what, name) => expect(field.safeParse(name).success).toBe(false));

  it('is composed and has single spaces', () => {
    expect(field.parse(' \u3000Zoe\u0308 \u00a0\u2009B\t')).toBe('Zo\u00eb B');
  });
});
