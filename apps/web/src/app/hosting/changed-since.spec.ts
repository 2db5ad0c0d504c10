import type { ActInput, RoomState } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { plainRoom } from '../chat/room-state.fixture.js';
import { isChangedSince } from './changed-since.js';
import type { Held } from './inverse.js';

const room: RoomState = { ...plainRoom, role: 'owner' };
const doneAtMs = 1_000_000;
const isChanged = (
  act: ActInput,
  now: Partial<RoomState>,
  held: readonly Held[] = [],
  was: readonly Held[] = [],
) =>
  isChangedSince(act, { before: { state: room, held: was }, doneAtMs }, { state: { ...room, ...now }, held });

describe('what an act has changed', () => {
  it('is another setting since when it is neither what the act has made of it nor what it was', () => {
    const act = { act: 'settings', slowModeWaitTime: 5, closesAt: 9 } as const;
    expect(isChanged(act, { slowModeWaitTime: 5, closesAt: 9 })).toBe(false);
    expect(isChanged(act, {})).toBe(false);
    expect(isChanged(act, { slowModeWaitTime: 60, closesAt: 9 })).toBe(true);
    expect(isChanged(act, { slowModeWaitTime: 5, closesAt: 10 })).toBe(true);
    // What the act left alone is nobody's business.
    expect(isChanged(act, { slowModeWaitTime: 5, closesAt: 9, mode: 'members' })).toBe(false);
  });

  it('is another role since', () => {
    const act = { act: 'role', userId: 2, role: 'speaker' } as const;
    expect(isChanged(act, { roles: { 2: 'speaker' } })).toBe(false);
    expect(isChanged(act, { roles: {} })).toBe(false);
    expect(isChanged(act, { roles: { 2: 'moderator' } })).toBe(true);
  });

  it('is another restriction since, longer or lifted or given again', () => {
    const timeout = { act: 'timeout', userId: 2, seconds: 600 } as const;
    const until = (ms: number): Held[] => [{ kind: 'timeout', until: ms }];
    expect(isChanged(timeout, {}, until(doneAtMs + 600_020))).toBe(false);
    expect(isChanged(timeout, {}, until(doneAtMs + 86_400_000))).toBe(true);
    expect(isChanged(timeout, {}, [], until(doneAtMs + 60_000))).toBe(true);
    const unban = { act: 'unban', userId: 2 } as const;
    expect(isChanged(unban, {}, [], [{ kind: 'ban' }])).toBe(false);
    expect(isChanged(unban, {}, [{ kind: 'ban', until: doneAtMs + 60_000 }], [{ kind: 'ban' }])).toBe(true);
    expect(isChanged({ act: 'ban', userId: 2 }, {}, [{ kind: 'ban' }, ...until(5)])).toBe(false);
  });
});
