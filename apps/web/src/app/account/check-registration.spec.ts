import { limits } from '@parley/protocol';
import { expect, it } from 'vitest';
import { en } from '../i18n/en.js';
import { registrationProblem } from './check-registration.js';

const t = en.register;
const good = { name: 'ana', password: '密码一二三四', repeated: '密码一二三四' };
const both = (password: string) => ({ ...good, password, repeated: password });

it.each([
  ['fine', good, undefined],
  ['no name', { ...good, name: '  ' }, t.nameMissing],
  ['longest name', { ...good, name: '名'.repeat(limits.maxNameCodePoints) }, undefined],
  ['name too long', { ...good, name: 'n'.repeat(limits.maxNameCodePoints + 1) }, t.nameTooLong(32)],
  ['short password', both('12345'), t.passwordTooShort(6)],
  ['longest password', both('p'.repeat(limits.maxPasswordBytes)), undefined],
  ['password of too many bytes', both('密'.repeat(86)), t.passwordTooLong],
  ['typing error', { ...good, repeated: '密码一二三五' }, t.passwordsDiffer],
])('%s', (_name, typed, problem) => {
  expect(registrationProblem(typed, t)).toBe(problem);
});
