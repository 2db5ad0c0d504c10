import { describe, expect, it } from 'vitest';
import { textField } from './fields.js';
import { isStorable, showsSomething } from './visible-text.js';

describe('isStorable', () => {
  // A lone half came out of UTF-8 as U+FFFD: the text that was kept was not the one that was sent.
  it.each(['\ud800', 'a\udc00b', '\ud83d', '\udc4d\ud83d', 'a\0', '\u0000'])('%j is not', (text) => {
    expect(isStorable(text)).toBe(false);
    expect(textField.safeParse(`x${text}y`).success).toBe(false);
  });
  it.each(['', '👍', '\ufffd', '\uffff', '\u{10ffff}', '\ufeffa', '\t\u0001\u007f\u0085'])('%j is', (text) =>
    expect(isStorable(text)).toBe(true),
  );
});

describe('showsSomething', () => {
  it.each([
    '',
    ' \n\t\u00a0\u3000\u2028',
    '\u200b\u200c\u200d\u2060\ufeff',
    '\u00ad\u034f\u061c',
    '\ufe0e\ufe0f\u{E0100}',
    '\u115f\u1160\u3164\uffa0',
    '\u2800\u2800',
    '\u202e\u2066\u2069',
    '\u0001\u001b\u0085',
    '\u{E0061}\u{E007F}',
    '\u{1D159}',
    '\u{1D173}',
    '\u17b4\u17b5',
    '\u180b\u180e',
    '\ufff9\ufffb',
    '\uffff\u{1fffe}',
  ])('%j does not', (text) => {
    expect(showsSomething(text)).toBe(false);
    expect(textField.safeParse(text).success).toBe(false);
  });
  it.each(['.', '\u200b.', '🏳️‍🌈', '\u0301', 'می‌', '\u{1FAE9}', '\ue000', '\ufffd', '\u2801'])(
    '%j does',
    (text) => expect(textField.parse(text)).toBe(text),
  );
});
