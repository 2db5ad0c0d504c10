import { expect, it } from 'vitest';
import { initialOf, toneCount, toneOf } from './avatar.js';

it.each([
  ['demo', 'D'],
  ['  ana', 'A'],
  ['小明', '小'],
  ['👩‍🏫 Ms. Li', '👩‍🏫'],
  ['', '?'],
])('%s is shown as %s', (name, initial) => {
  expect(initialOf(name)).toBe(initial);
});

it('gives every id a colour and spreads them', () => {
  const tones = Array.from({ length: 200 }, (_, i) => toneOf(i + 1));
  expect(tones.every((tone) => Number.isInteger(tone) && tone >= 0 && tone < toneCount)).toBe(true);
  expect(new Set(tones).size).toBe(toneCount);
});
