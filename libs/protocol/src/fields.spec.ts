import { describe, expect, it } from 'vitest';
import { codePointLength } from './code-point-length.js';
import {
  clientMsgIdField,
  epochField,
  idField,
  passwordField,
  refField,
  roomNameField,
  seqField,
  textField,
  tokenField,
  userNameField,
} from './fields.js';
import { limits } from './limits.js';

const takes = (field: { safeParse(value: unknown): { success: boolean } }, value: unknown) =>
  field.safeParse(value).success;

describe('codePointLength', () => {
  it.each([
    ['', 0],
    ['abc', 3],
    ['👍👍', 2],
    ['\ud83d', 1],
    ['\ud83dx', 2],
    ['\udc4d\ud83d', 2],
  ])('%j: %i', (text, length) => expect(codePointLength(text)).toBe(length));
});

describe('idField', () => {
  it('takes positive integers and their digits', () => {
    expect(
      [1, '1', '42', Number.MAX_SAFE_INTEGER, '9007199254740991'].map((id) => idField.parse(id)),
    ).toEqual([1, 1, 42, 9007199254740991, 9007199254740991]);
  });
  it.each([
    0,
    -1,
    1.5,
    2 ** 53,
    '0',
    '01',
    '1.0',
    ' 1',
    '1e3',
    '-1',
    '',
    '9007199254740992',
    null,
    true,
    [1],
  ])('refuses %j', (id) => expect(takes(idField, id)).toBe(false));
});

describe('bounds, both sides', () => {
  it.each([
    ['seq', seqField, 0, -1],
    ['clientMsgId', clientMsgIdField, 'x'.repeat(64), 'x'.repeat(65)],
    ['clientMsgId characters', clientMsgIdField, 'aZ0_.:-', 'a b'],
    ['clientMsgId, empty', clientMsgIdField, 'a', ''],
    [
      'user name',
      userNameField,
      '👍'.repeat(limits.maxNameCodePoints),
      '👍'.repeat(limits.maxNameCodePoints + 1),
    ],
    ['user name, blank', userNameField, ' a ', '   '],
    ['user name, control', userNameField, 'a b', 'a\u0000b'],
    ['user name, direction', userNameField, 'ab', 'a\u202eb'],
    ['room name', roomNameField, 'x'.repeat(80), 'x'.repeat(81)],
    ['password, short', passwordField, '123456', '12345'],
    ['password, bytes', passwordField, 'é'.repeat(128), 'é'.repeat(129)],
    ['token', tokenField, 'x'.repeat(4_096), 'x'.repeat(4_097)],
    ['ref', refField, 'x'.repeat(64), 'x'.repeat(65)],
    ['epoch', epochField, 'x'.repeat(36), 'x'.repeat(37)],
    ['text', textField, ' a', ' \n\t '],
  ] as const)('%s', (_name, field, good, bad) => {
    expect(takes(field, good)).toBe(true);
    expect(takes(field, bad)).toBe(false);
  });

  it('trims names and composes them', () => {
    expect(userNameField.parse('  e\u0301 ')).toBe('\u00e9');
  });
});
