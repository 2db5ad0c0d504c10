import { describe, expect, it } from 'vitest';
import { limits } from '../limits.js';
import { actSchema } from './acts.js';
import { factChanges, hidingOf, readEvent, roomEventSchema } from './events.js';
import { factsOfState, FOREVER, guestsOutSince, stateFor, withChanges } from './facts.js';

const takes = (act: object) => actSchema.safeParse(act).success;

describe('acts', () => {
  it.each([
    ['slow mode', (n: number) => ({ act: 'settings', slowModeWaitTime: n }), 0, limits.maxSlowModeSeconds],
    ['a time-out', (n: number) => ({ act: 'timeout', userId: 1, seconds: n }), 1, limits.maxTimeoutSeconds],
    ['a ban', (n: number) => ({ act: 'ban', userId: 1, seconds: n }), 1, limits.maxBanSeconds],
    [
      'last seconds',
      (n: number) => ({ act: 'delete', userId: 1, lastSeconds: n }),
      1,
      limits.maxDeleteSeconds,
    ],
    ['a shield', (n: number) => ({ act: 'panic', hideLastSeconds: n }), 0, limits.maxDeleteSeconds],
  ])('take %s from its least to its most, and no more', (_, act, least, most) => {
    expect([takes(act(least)), takes(act(most))]).toEqual([true, true]);
    expect([takes(act(least - 1)), takes(act(most + 1)), takes(act(1.5))]).toEqual([false, false, false]);
  });

  it('take a reason of so many code points, and what can be kept', () => {
    const kick = (reason: string) => takes({ act: 'kick', userId: 1, reason });
    expect(kick('👍'.repeat(limits.maxReasonCodePoints))).toBe(true);
    expect(kick('👍'.repeat(limits.maxReasonCodePoints + 1))).toBe(false);
    expect(kick('a\u0000b')).toBe(false);
    expect(kick('\ud800')).toBe(false);
  });

  it.each([
    [{ seq: 1 }, true],
    [{ from: 1, to: 3 }, true],
    [{ from: 1, to: 3, userId: 4 }, true],
    [{ userId: 4, lastSeconds: 60 }, true],
    [{}, false],
    [{ seq: 0 }, false],
    [{ seq: 1, from: 1, to: 2 }, false],
    [{ from: 3, to: 1 }, false],
    [{ from: 1 }, false],
    [{ lastSeconds: 60 }, false],
    [{ userId: 4 }, false],
    [{ seq: 1, userId: 4 }, false],
  ])('take %j for messages: %s', (selector, may) => {
    expect(takes({ act: 'delete', ...selector })).toBe(may);
    expect(takes({ act: 'restore', ...selector })).toBe(may);
  });

  it.each([
    { act: 'nonsense' },
    { act: 'role', userId: 1, role: 'guest' },
    { act: 'announce', msg: ' ' },
    { act: 'settings', mode: 'x' },
  ])('refuse %j', (act) => expect(takes(act)).toBe(false));
});

describe('events', () => {
  const settings = { mode: 'hosts' as const, slowModeWaitTime: 5, guestPolicy: 'ASK_MODERATOR' as const };
  const byDefault = { mode: 'everyone' as const, slowModeWaitTime: 0, guestPolicy: 'ALWAYS_ACCEPT' as const };

  it('say what holds, and nothing for what has its default', () => {
    expect(factChanges({ kind: 'settings', settings })).toEqual([
      ['mode', 'hosts'],
      ['slow', '5'],
      ['opens', null],
      ['closes', null],
      ['guests', 'ASK_MODERATOR'],
    ]);
    expect(factChanges({ kind: 'settings', settings: byDefault }).every(([, value]) => value === null)).toBe(
      true,
    );
  });

  it('lift a time-out with a ban, and not the other way round', () => {
    expect(factChanges({ kind: 'ban', userId: 7, userName: 'x', until: 0 })).toEqual([
      ['b7', null],
      ['m7', null],
    ]);
    expect(factChanges({ kind: 'timeout', userId: 7, userName: 'x', until: 0 })).toEqual([['m7', null]]);
    expect(factChanges({ kind: 'ban', userId: 7, userName: 'x', until: FOREVER })).toEqual([
      ['b7', String(FOREVER)],
    ]);
  });

  it('are harmless when they are applied again', () => {
    const changes = factChanges({
      kind: 'panic',
      settings,
      prior: byDefault,
      since: 9,
    });
    const once = withChanges(new Map(), changes);
    expect(withChanges(once, changes)).toEqual(once);
  });

  it('put guests out who came before a panic, and nobody by one of before', () => {
    const panic = { kind: 'panic' as const, settings, prior: byDefault };
    const after = (event: object) => withChanges(new Map(), factChanges(readEvent(event)!));
    expect(guestsOutSince(after({ ...panic, since: 9 }))).toBe(9);
    expect(guestsOutSince(after(panic))).toBe(0);
    expect(guestsOutSince(new Map())).toBe(0);
    // What a server of before has kept says nothing of guests.
    expect(readEvent({ kind: 'settings', settings: { mode: 'hosts', slowModeWaitTime: 0 } })).toMatchObject({
      settings: { guestPolicy: 'ALWAYS_ACCEPT' },
    });
  });

  it('hide and show what they say', () => {
    expect(hidingOf({ kind: 'delete', range: { from: 1 }, by: 'self' })).toMatchObject({
      hidden: true,
      by: 'self',
    });
    expect(hidingOf({ kind: 'restore', range: { from: 1 } })).toMatchObject({ hidden: false });
    expect(hidingOf({ kind: 'calm', settings })).toBeUndefined();
    expect(hidingOf({ kind: 'calm', settings, range: { from: 1, to: 2 }, undoes: 3 })).toMatchObject({
      undoes: 3,
    });
    expect(hidingOf({ kind: 'kick', userId: 1, userName: 'x' })).toBeUndefined();
  });

  it('of another kind are read as none', () => {
    expect(readEvent({ kind: 'hand.raised' })).toBeUndefined();
    expect(readEvent({ kind: 'settings' })).toBeUndefined();
    expect(roomEventSchema.options).toHaveLength(12);
  });
});

describe('a room’s state', () => {
  it('says of the facts what a member may know, and is enough to go on from', () => {
    const facts = new Map([
      ['mode', 'hosts'],
      ['slow', '5'],
      ['opens', '9'],
      ['guests', 'ALWAYS_DENY'],
      ['r1', 'owner'],
      ['r2', 'speaker'],
      ['m3', '99'],
      ['b4', '99'],
      ['prior', '{}'],
      ['owners', '[1]'],
      ['v', '12'],
    ]);
    const state = stateFor(facts, 3);
    expect(state).toEqual({
      mode: 'hosts',
      slowModeWaitTime: 5,
      opensAt: 9,
      guestPolicy: 'ALWAYS_DENY',
      panic: true,
      pins: [],
      roles: { 1: 'owner', 2: 'speaker' },
      role: 'member',
      mutedUntil: 99,
    });
    expect(stateFor(factsOfState(state, 3), 3)).toEqual(state);
    expect(JSON.stringify(stateFor(facts, 1))).not.toContain('99');
  });

  it('does not trust what cannot be read', () => {
    const odd = new Map([
      ['mode', 'shouting'],
      ['pins', '{nonsense'],
      ['r1', 'king'],
    ]);
    expect(stateFor(odd, 1)).toMatchObject({ mode: 'everyone', pins: [], role: 'member' });
  });
});
