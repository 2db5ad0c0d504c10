import { expect, it } from 'vitest';
import { isPiled } from './piled.js';

it('is piled what has more marks on a letter than any script writes', () => {
  expect(isPiled('e\u0301\u0316\u0302\u0317')).toBe(true);
  for (const text of ['', 'plain', 'tiê\u0301ng', 'שָׁ֫לוֹם', '👩🏿‍🚀', 'e\u0301\u0316 e\u0302\u0317'])
    expect(isPiled(text), text).toBe(false);
});
