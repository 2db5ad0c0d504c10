import { expect, it } from 'vitest';
import { en } from './en.js';
import { zh } from './zh.js';

/** Every text, with functions called with what they take. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'function') return [String((value as (...args: unknown[]) => unknown)('A', 3))];
  if (typeof value === 'string') return [value];
  return Object.values(value as object).flatMap(textsOf);
}

it('the door says everything in both languages, and nothing in the wrong one', () => {
  expect(textsOf(zh)).toHaveLength(textsOf(en).length);
  for (const text of textsOf(en)) expect(text).not.toMatch(/\p{Script=Han}/u);
  for (const text of textsOf(zh)) expect(text).toMatch(/\p{Script=Han}/u);
  expect(zh.invite.used(2, undefined)).not.toBe(zh.invite.used(2, 3));
});
