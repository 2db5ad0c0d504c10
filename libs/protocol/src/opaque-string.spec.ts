import { describe, expect, it } from 'vitest';
import { passwordField } from './fields.js';
import { opaqueString } from './opaque-string.js';

describe('opaqueString', () => {
  it.each([
    ['pa\u0308sswo\u0308rt', 'p\u00e4ssw\u00f6rt'],
    ['a\u00a0b\u3000c', 'a b c'],
    ['  Case ＡＢ  ', '  Case ＡＢ  '],
    ['👩‍💻', '👩‍💻'],
    ['', ''],
  ])('of %j is %j', (typed, compared) => expect(opaqueString(typed)).toBe(compared));
});

describe('a new password', () => {
  it.each(['correct horse', '👩‍💻👩‍💻', 'p\u00e4\u00dfw\u00f6rt', '      '])('may be %j', (password) =>
    expect(passwordField.parse(password)).toBe(password),
  );
  it.each(['secret\0', 'secret\n', 'secret\ud800', 'secret\u007f', 'secret\uffff', 'e\u0301a\u0301o\u0301'])(
    'may not be %j',
    (password) => expect(passwordField.safeParse(password).success).toBe(false),
  );
});
