import { expect, it } from 'vitest';
import { livePins } from './live-pins.js';

it('keeps pins until they end, and those without an end', () => {
  const pin = (seq: number, expiresAt?: number) => ({
    seq,
    text: `pin ${seq}`,
    fromUserId: 2,
    fromUserName: 'ana',
    ...(expiresAt !== undefined && { expiresAt }),
  });
  const pins = [pin(1), pin(2, 100), pin(3, 101)];
  expect(livePins(pins, 100).map(({ seq }) => seq)).toEqual([1, 3]);
  expect(livePins(pins, 99)).toEqual(pins);
  expect(livePins([], 0)).toEqual([]);
});
