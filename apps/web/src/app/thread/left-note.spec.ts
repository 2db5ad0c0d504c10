import { expect, it } from 'vitest';
import { spokenLeft } from './left-note.js';

// Each key was said: "200 characters left", "199 characters left".
it('says how many are left at a few numbers, not with each key', () => {
  const spoken = Array.from({ length: 201 }, (_, i) => spokenLeft(200 - i));
  expect([...new Set(spoken)]).toEqual([200, 100, 50, 20, 10, 0]);
});

it('says how many are too many likewise', () => {
  const spoken = Array.from({ length: 250 }, (_, i) => spokenLeft(-1 - i));
  expect([...new Set(spoken)]).toEqual([-1, -10, -20, -50, -100, -200]);
});
