import { AppError, FOREVER, factNames } from '@parley/protocol';
import { expect, it } from 'vitest';
import { barredMeanwhile } from './barred-meanwhile.js';
import type { LocalRoom } from './local-room.js';

const NOW = 1_000_000;
const member = { userId: 1, role: 'user' as const };
const guest = { userId: 2, role: 'guest' as const };

/** A room, in which something may happen while somebody is asked. */
function world(facts: readonly (readonly [string, string])[] = []) {
  const current = new Map(facts);
  const asked: number[] = [];
  const during: { clock?: () => void; admission?: () => void } = {};
  let refusal: AppError | undefined;
  let clock: number | Error = NOW;
  const room = { roomId: 7, acts: { facts: current } } as unknown as Pick<LocalRoom, 'roomId' | 'acts'>;
  const ports = {
    store: {
      nowMs: async () => {
        during.clock?.();
        if (clock instanceof Error) throw clock;
        return clock;
      },
    },
    admissions: {
      ensureHead: async (userId: number) => {
        asked.push(userId);
        during.admission?.();
        if (refusal) throw refusal;
      },
    },
  };
  return {
    ...{ facts: current, asked, during },
    refuse: (error: AppError | undefined) => (refusal = error),
    clockIs: (value: number | Error) => (clock = value),
    look: (who: { userId: number; role: 'user' | 'guest' }) => barredMeanwhile(room, who, ports),
  };
}
const ban = (userId: number, until: number) => [factNames.banned(userId), String(until)] as const;
const panic = (since: number) => [factNames.prior, JSON.stringify({ since })] as const;

it('is nobody in a quiet room, and nobody is asked', async () => {
  const { look, asked } = world();
  expect(await look(member)).toBeUndefined();
  expect(await look(guest)).toBeUndefined();
  expect(asked).toEqual([]);
});

it('is who is banned, until then and no longer, by the clock that bans are made by', async () => {
  const { look, clockIs } = world([ban(1, NOW + 1)]);
  expect(await look(member)).toMatchObject({ code: 'BANNED', until: NOW + 1 });
  expect(await look({ ...member, userId: 3 })).toBeUndefined();
  clockIs(NOW + 1);
  expect(await look(member)).toBeUndefined();
});

it('is who is banned also where nobody can tell the time', async () => {
  const { look, clockIs } = world([ban(1, FOREVER)]);
  clockIs(new Error('no Redis'));
  expect(await look(member)).toMatchObject({ code: 'BANNED' });
});

it('is who is banned while he was looked at', async () => {
  const { look, facts, during } = world([ban(1, NOW - 1)]);
  during.clock = () => facts.set(...ban(1, NOW + 500));
  expect(await look(member)).toMatchObject({ code: 'BANNED', until: NOW + 500 });
});

it('is a guest who is put out by a panic, as is asked; nobody with an account', async () => {
  const { look, asked, refuse } = world([panic(5)]);
  expect(await look(guest)).toBeUndefined();
  refuse(new AppError('WAITING'));
  expect(await look(guest)).toMatchObject({ code: 'WAITING' });
  expect(await look(member)).toBeUndefined();
  expect(asked).toEqual([2, 2]);
});

it('is a guest of whom nobody can tell', async () => {
  const { look, refuse } = world([panic(5)]);
  refuse(new AppError('DEADLINE_EXCEEDED'));
  expect(await look(guest)).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
});

it('is asked again when another panic came while it was asked, and looks for bans once more', async () => {
  const { look, facts, asked, during } = world([panic(5)]);
  during.admission = () => {
    facts.set(...panic(6));
    if (asked.length === 2) facts.set(...ban(2, NOW + 9));
  };
  expect(await look(guest)).toMatchObject({ code: 'BANNED', until: NOW + 9 });
  expect(asked).toEqual([2, 2]);
});
