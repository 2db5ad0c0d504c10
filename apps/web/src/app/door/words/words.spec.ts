import { expect, it } from 'vitest';
import { en } from './en.js';
import { en as hostsEn } from './hosts-en.js';
import { zh as hostsZh } from './hosts-zh.js';
import { zh } from './zh.js';

/** Every text, with functions called with what they take. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'function') return [String((value as (...args: unknown[]) => unknown)('A', 3))];
  if (typeof value === 'string') return [value];
  return Object.values(value as object).flatMap(textsOf);
}

it.each([
  ['people', en, zh],
  ['hosts', hostsEn, hostsZh],
])('the door tells %s everything in both languages, and nothing in the wrong one', (_, english, chinese) => {
  expect(textsOf(chinese)).toHaveLength(textsOf(english).length);
  for (const text of textsOf(english)) expect(text).not.toMatch(/\p{Script=Han}/u);
  for (const text of textsOf(chinese)) expect(text).toMatch(/\p{Script=Han}/u);
});

it('how many came says of how many, where there is such a number', () => {
  expect(hostsZh.invite.used(2, undefined)).not.toBe(hostsZh.invite.used(2, 3));
});
