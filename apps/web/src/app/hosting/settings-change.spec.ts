import type { RoomState } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { fromLocalInput, toLocalInput } from './local-time.js';
import { changeOf, faultOf, formOf } from './settings-change.js';

const opensAt = new Date(2026, 0, 5, 9, 7, 31).getTime();
const state: RoomState = {
  mode: 'members',
  slowModeWaitTime: 10,
  opensAt,
  guestPolicy: 'ASK_MODERATOR',
  panic: false,
  pins: [],
  roles: {},
  role: 'owner',
  mutedUntil: 0,
};
const form = formOf(state);

describe('the form of a room', () => {
  it('has its settings, with times of the reader’s zone', () => {
    expect(form).toEqual({
      mode: 'members',
      guests: 'ASK_MODERATOR',
      slow: '10',
      opens: '2026-01-05T09:07',
      closes: '',
    });
  });
  it('changes nothing that was not changed in it: seconds that it does not show stay', () => {
    expect(changeOf(form, form)).toBeUndefined();
    expect(changeOf(form, { ...form, mode: 'hosts' })).toEqual({ act: 'settings', mode: 'hosts' });
    expect(changeOf(form, { ...form, guests: 'ALWAYS_DENY' })).toEqual({
      act: 'settings',
      guestPolicy: 'ALWAYS_DENY',
    });
  });
  it('takes a time away', () => {
    expect(changeOf(form, { ...form, opens: '' })).toEqual({ act: 'settings', opensAt: null });
  });
  it.each([
    ['', 'slow'],
    ['-1', 'slow'],
    ['1.5', 'slow'],
    ['3601', 'slow'],
    ['3600', undefined],
    ['0', undefined],
  ])('with %o seconds between messages has the fault %o', (slow, fault) => {
    expect(faultOf({ ...form, slow })).toBe(fault);
  });
  it('closes after it opens', () => {
    expect(faultOf({ ...form, closes: '2026-01-05T09:07' })).toBe('order');
    expect(faultOf({ ...form, closes: '2026-01-05T09:08' })).toBeUndefined();
    expect(faultOf({ ...form, opens: '', closes: '2026-01-05T09:07' })).toBeUndefined();
  });
});

describe('a local time', () => {
  it('is the same there and back, to the minute', () => {
    expect(fromLocalInput(toLocalInput(opensAt))).toBe(opensAt - 31_000);
  });
  it('is none where nothing, or nothing that makes sense, was typed', () => {
    expect([fromLocalInput(''), fromLocalInput('soon'), toLocalInput(undefined)]).toEqual([null, null, '']);
  });
});
