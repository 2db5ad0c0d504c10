import { expect, it } from 'vitest';
import { withoutBlankEnds } from './blank-ends.js';

it.each([
  ['hello', 'hello'],
  ['  hello \n ', '  hello'],
  ['\n \t\n    hello\n  world\n\n', '    hello\n  world'],
  ['a\n\n\nb', 'a\n\n\nb'],
  [' \n ', ''],
])('%j is sent as %j', (typed, sent) => expect(withoutBlankEnds(typed)).toBe(sent));

it('reads the longest blank', () => {
  expect(withoutBlankEnds(`${' '.repeat(4_000)}x`)).toBe(`${' '.repeat(4_000)}x`);
});
