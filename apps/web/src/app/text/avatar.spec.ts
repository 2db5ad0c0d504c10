import { afterEach, describe, expect, it, vi } from 'vitest';
import { initialOf, isLarge, toneCount, toneOf } from './avatar.js';

const names = [
  ['demo', 'D'],
  ['  ana', 'A'],
  ['小明', '小'],
  ['👩‍🏫 Ms. Li', '👩‍🏫'],
  ['é́tienne', 'É́'],
  ['', '?'],
] as const;

describe('initialOf', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  it.each(names)('%s is shown as %s', (name, initial) => {
    expect(initialOf(name)).toBe(initial);
  });

  it.each(names)('%s is shown as %s by a browser without Intl.Segmenter', async (name, initial) => {
    vi.stubGlobal('Intl', {});
    vi.resetModules();
    const older = await import('./avatar.js');
    expect(older.initialOf(name)).toBe(initial);
  });
});

it.each([
  ...['D', 'É', 'Ж', 'Ω', '小', 'か', '한', '7', '?'].map((initial) => [initial, false] as const),
  ...['👩‍🏫', 'É́́́', '﷽', '𒐫', '꧅'].map((initial) => [initial, true] as const),
])('of %s says whether it may be larger than its circle: %s', (initial, large) => {
  expect(isLarge(initial)).toBe(large);
});

it('gives every id a colour and spreads them', () => {
  const tones = Array.from({ length: 200 }, (_, i) => toneOf(i + 1));
  expect(tones.every((tone) => Number.isInteger(tone) && tone >= 0 && tone < toneCount)).toBe(true);
  expect(new Set(tones).size).toBe(toneCount);
});
