import { expect, it } from 'vitest';
import { newestOf } from './use-newest.js';

it('shows an answer unless a newer one is shown, however slow they are', () => {
  const ask = newestOf();
  const [first, second, third] = [ask(), ask(), ask()];
  expect(first()).toBe(true);
  expect(third()).toBe(true);
  expect(second()).toBe(false);
  expect(ask()()).toBe(true);
});
