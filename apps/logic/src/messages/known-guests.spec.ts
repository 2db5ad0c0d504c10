import { expect, it } from 'vitest';
import { KnownGuests } from './known-guests.js';

const ACCOUNT = 1;
const EARLY = 2;
const WAITING = 3;

function world() {
  const asked: number[] = [];
  const admitted = new Map([
    [EARLY, 1_000],
    // Was not let in at all.
    [WAITING, 0],
  ]);
  const guests = new KnownGuests({
    guestAdmittedAt: async (userId: number) => {
      asked.push(userId);
      return admitted.get(userId);
    },
  });
  return { guests, admitted, asked };
}

it('knows who was a guest before a moment, and who came later', async () => {
  const { guests, admitted } = world();
  expect(await guests.cameBefore(EARLY, 1_001)).toBe(true);
  expect(await guests.cameBefore(EARLY, 1_000)).toBe(false);
  expect(await guests.cameBefore(WAITING, 1)).toBe(true);
  // Let in again: what was true before does not stay.
  admitted.set(EARLY, 2_000);
  expect(await guests.cameBefore(EARLY, 1_001)).toBe(false);
});

it('asks once about who has an account, which is for good, and each time about a guest', async () => {
  const { guests, asked } = world();
  for (let i = 0; i < 3; i++) expect(await guests.cameBefore(ACCOUNT, 5_000)).toBe(false);
  for (let i = 0; i < 2; i++) await guests.cameBefore(EARLY, 5_000);
  expect(asked).toEqual([ACCOUNT, EARLY, EARLY]);
});
