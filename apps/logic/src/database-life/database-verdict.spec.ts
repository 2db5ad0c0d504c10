import type { KnownLife } from '@parley/redis';
import { expect, it } from 'vitest';
import type { SqlLife } from './database-life.repository.js';
import { judgeDatabase } from './database-verdict.js';

const none = { users: 0, rooms: 0 };
const known = (more: Partial<KnownLife> = {}): KnownLife => ({
  life: 'a',
  unnamedTokens: false,
  beat: 5,
  beatToken: 't5',
  everIssued: none,
  ...more,
});
const sql = (more: Partial<SqlLife> = {}): SqlLife => ({
  life: 'a',
  parent: '',
  unnamedTokens: false,
  beat: 5,
  tokenAt: 't5',
  highest: none,
  ...more,
});
const nobody = known({ life: '', beat: 0, beatToken: '' });

it.each([
  ['same', known(), sql(), true],
  ['same', known(), sql({ beat: 9 }), true],
  // Redis is of so long ago that the token is not kept any more.
  ['same', known(), sql({ beat: 90_000, tokenAt: undefined }), true],
  // Nobody has left a token with the first beat.
  ['same', known({ beat: 0, beatToken: '' }), sql({ tokenAt: 't0' }), true],
  ['behind', known(), sql({ beat: 4, tokenAt: undefined }), true],
  ['renewed', known(), sql({ life: 'b', parent: 'a' }), true],
  ['forked', known(), sql({ beat: 9, tokenAt: 'another' }), true],
  ['other', known(), sql({ life: 'b' }), true],
  ['new', nobody, sql(), true],
  ['new', nobody, sql({ beat: 0 }), false],
  ['new', nobody, sql({ beat: 0, unnamedTokens: true }), true],
  ['other', nobody, sql({ beat: 0 }), true],
] as const)('is %s', (verdict, ofRedis, ofSql, isUsed) => {
  expect(judgeDatabase(ofRedis, ofSql, isUsed)).toBe(verdict);
});
