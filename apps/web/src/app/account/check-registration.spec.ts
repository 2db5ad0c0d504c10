import { limits } from '@parley/protocol';
import { expect, it } from 'vitest';
import { en } from '../i18n/en.js';
import { registrationProblem } from './check-registration.js';

const t = en.register;
const good = { name: 'ana', password: '密码一二三四', repeated: '密码一二三四' };
const both = (password: string) => ({ ...good, password, repeated: password });

it.each([
  ['fine', good, undefined],
  ['no name', { ...good, name: '  ' }, { text: t.nameMissing, field: 'name' }],
  ['longest name', { ...good, name: '名'.repeat(limits.maxNameCodePoints) }, undefined],
  [
    'name too long',
    { ...good, name: 'n'.repeat(limits.maxNameCodePoints + 1) },
    { text: t.nameTooLong(32), field: 'name' },
  ],
  ['short password', both('12345'), { text: t.passwordTooShort(6), field: 'password' }],
  ['longest password', both('p'.repeat(limits.maxPasswordBytes)), undefined],
  ['password of too many bytes', both('密'.repeat(86)), { text: t.passwordTooLong, field: 'password' }],
  ['typing error', { ...good, repeated: '密码一二三五' }, { text: t.passwordsDiffer, field: 'repeated' }],
])('%s', (_name, typed, problem) => {
  expect(registrationProblem(typed, t)).toEqual(problem);
});
