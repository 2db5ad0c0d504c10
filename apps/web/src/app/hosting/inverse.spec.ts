import type { ActInput, RoomRole, RoomState } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { inverseOf, restrictedAs, type Held, type Restricting } from './inverse.js';

const before = (role: RoomRole = 'owner', more: Partial<RoomState> = {}): RoomState => ({
  mode: 'members',
  slowModeWaitTime: 5,
  closesAt: 900,
  guestPolicy: 'ALWAYS_ACCEPT',
  panic: false,
  pins: [{ seq: 3, text: 'x', fromUserId: 2, fromUserName: 'other', expiresAt: 77 }],
  roles: { 2: 'speaker', 3: 'guest' },
  role,
  mutedUntil: 0,
  ...more,
});
const undone = (act: ActInput, room = before(), held?: readonly Held[]) =>
  inverseOf(act, { state: room, held }, 50);

describe('taking back an act', () => {
  it.each<[ActInput, ActInput]>([
    [
      { act: 'delete', seq: 3 },
      { act: 'restore', seq: 3 },
    ],
    [
      { act: 'restore', seq: 3 },
      { act: 'delete', seq: 3 },
    ],
    [
      { act: 'pin', seq: 4 },
      { act: 'unpin', seq: 4 },
    ],
    [
      { act: 'unpin', seq: 3 },
      { act: 'pin', seq: 3, expiresAt: 77 },
    ],
    [
      { act: 'role', userId: 2, role: 'owner' },
      { act: 'role', userId: 2, role: 'speaker' },
    ],
    [
      { act: 'role', userId: 9, role: 'moderator' },
      { act: 'role', userId: 9, role: 'member' },
    ],
    [
      { act: 'role', userId: 3, role: 'speaker' },
      { act: 'role', userId: 3, role: 'member' },
    ],
    [
      { act: 'panic', hideLastSeconds: 60 },
      { act: 'calm', restore: true },
    ],
    [
      { act: 'announce', msg: 'x' },
      { act: 'delete', seq: 50 },
    ],
  ])('%o by %o', (act, inverse) => {
    expect(undone(act)).toEqual({ act: inverse });
  });

  it('of settings sets back what was changed, and nothing else', () => {
    expect(undone({ act: 'settings', mode: 'closed' })).toEqual({
      act: { act: 'settings', mode: 'members' },
    });
    expect(undone({ act: 'settings', slowModeWaitTime: 0, opensAt: 5, closesAt: null })).toEqual({
      act: { act: 'settings', slowModeWaitTime: 5, opensAt: null, closesAt: 900 },
    });
  });
  it('of many deletions goes by what the act has hidden', () => {
    expect(undone({ act: 'delete', userId: 2, lastSeconds: 60 })).toEqual({ hiddenBy: 50 });
    expect(undone({ act: 'delete', from: 1, to: 9 })).toEqual({ hiddenBy: 50 });
  });
  it.each<ActInput>([
    { act: 'kick', userId: 2 },
    { act: 'untimeout', userId: 2 },
    { act: 'unban', userId: 2 },
    { act: 'calm' },
    { act: 'handOver', userId: 2 },
    { act: 'takeOver' },
    { act: 'unpin', seq: 99 },
  ])('is not for %o', (act) => {
    expect(undone(act)).toBeUndefined();
  });
  it('of a restriction is how somebody was restricted before, as far as that is known', () => {
    const timeout = { act: 'timeout', userId: 2, seconds: 60 } as const;
    expect(undone(timeout)).toEqual({ restrict: timeout, held: [] });
    const held: Held[] = [{ kind: 'timeout', until: 99 }];
    const lift = { act: 'untimeout', userId: 2 } as const;
    expect(undone(lift, before(), held)).toEqual({ restrict: lift, held });
    expect(undone(lift, before(), [])).toBeUndefined();
    expect(undone(lift, before('member'), held)).toBeUndefined();
  });
  it('is not for who may not do it: a member deletes his own, and cannot restore it', () => {
    expect(undone({ act: 'delete', seq: 3 }, before('member'))).toBeUndefined();
  });
});

describe('restricting somebody as before', () => {
  const [nowMs, userId] = [1_000_000, 2];
  const muted: Held = { kind: 'timeout', until: nowMs + 30_500, reason: 'loud' };
  const banned: Held = { kind: 'ban', until: nowMs + 60_000 };
  const forGood: Held = { kind: 'ban', until: 8_640_000_000_000_000 };
  const ended: Held = { kind: 'timeout', until: nowMs };
  const timeout = { act: 'timeout', userId, seconds: 31, reason: 'loud' };
  const ban = { act: 'ban', userId, seconds: 60 };
  const lift = (act: 'untimeout' | 'unban') => ({ act, userId });

  it.each<[Restricting, Held[], object[]]>([
    [{ act: 'timeout', userId, seconds: 9 }, [], [lift('untimeout')]],
    [{ act: 'timeout', userId, seconds: 9 }, [muted], [timeout]],
    [{ act: 'timeout', userId, seconds: 9 }, [ended], [lift('untimeout')]],
    [{ act: 'untimeout', userId }, [muted, banned], [timeout]],
    [{ act: 'untimeout', userId }, [ended], []],
    [{ act: 'ban', userId }, [], [lift('unban')]],
    [{ act: 'ban', userId }, [muted], [lift('unban'), timeout]],
    [{ act: 'ban', userId }, [muted, banned], [ban]],
    [{ act: 'unban', userId }, [forGood], [{ act: 'ban', userId }]],
    [{ act: 'unban', userId }, [{ kind: 'ban' }], [{ act: 'ban', userId }]],
    [{ act: 'unban', userId }, [banned, muted], [ban, timeout]],
  ])('%j, of who had %j, by %j', (act, held, acts) => {
    expect(restrictedAs(act, held, nowMs)).toEqual(acts);
  });
});
