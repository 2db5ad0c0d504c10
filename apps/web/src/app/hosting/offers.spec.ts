import { limits, type RoomRole, type RoomState } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { mayTakeOver, messageOffers, personOffers } from './offers.js';

const [me, other] = [1, 2];
const state = (role: RoomRole, theirs?: RoomRole, pinned: readonly number[] = []): RoomState => ({
  mode: 'everyone',
  slowModeWaitTime: 0,
  guestPolicy: 'ALWAYS_ACCEPT',
  panic: false,
  pins: pinned.map((seq) => ({ seq, text: 'x', fromUserId: other, fromUserName: 'other' })),
  roles: { [me]: role, ...(theirs && { [other]: theirs }) },
  role,
  mutedUntil: 0,
});
const nowMs = 10_000_000;
const message = (fromUserId: number, more: object = {}) => ({ seq: 7, fromUserId, sentAt: nowMs, ...more });
const offers = (of: ReturnType<typeof message>, room: RoomState) => messageOffers(of, me, room, nowMs);

describe('what is offered on a message', () => {
  it('is nothing on others’ messages for who is no host', () => {
    for (const role of ['speaker', 'member', 'guest'] as const)
      expect(offers(message(other), state(role))).toEqual([]);
  });
  it('is to delete one’s own, as long as that may be', () => {
    const oldestMs = nowMs - limits.ownDeleteSeconds * 1_000;
    expect(offers(message(me), state('member'))).toEqual(['delete']);
    expect(offers(message(me, { sentAt: oldestMs + 1 }), state('member'))).toEqual(['delete']);
    expect(offers(message(me, { sentAt: oldestMs }), state('member'))).toEqual([]);
    expect(offers(message(me, { sentAt: oldestMs }), state('moderator'))).toEqual(['pin', 'delete']);
  });
  it('is all of it for a host, on somebody below', () => {
    expect(offers(message(other), state('moderator'))).toEqual(['pin', 'delete', 'timeout', 'person']);
  });
  it('leaves equals and higher ones their messages', () => {
    for (const theirs of ['moderator', 'owner'] as const)
      expect(offers(message(other), state('moderator', theirs))).toEqual(['pin', 'person']);
  });
  it('is to unpin what is pinned', () => {
    expect(offers(message(other), state('owner', undefined, [7]))).toContain('unpin');
    expect(offers(message(other), state('owner', undefined, [7]))).not.toContain('pin');
  });
  it('is to look at and restore what was deleted, for hosts alone', () => {
    const deleted = { deleted: { by: 'moderator', at: 1 } };
    expect(offers(message(other, deleted), state('owner'))).toEqual([
      'original',
      'restore',
      'timeout',
      'person',
    ]);
    expect(offers(message(me, deleted), state('member'))).toEqual([]);
  });
});

describe('what is offered on a person', () => {
  it('is every other role for an owner, also over another owner', () => {
    expect(personOffers({ userId: other }, me, state('owner')).roles).toEqual([
      'owner',
      'moderator',
      'speaker',
    ]);
    expect(personOffers({ userId: other }, me, state('owner', 'owner')).roles).toEqual([
      'moderator',
      'speaker',
      'member',
    ]);
  });
  it('is what lies below for a moderator', () => {
    expect(personOffers({ userId: other }, me, state('moderator')).roles).toEqual(['speaker']);
    expect(personOffers({ userId: other }, me, state('moderator', 'speaker')).roles).toEqual(['member']);
    expect(personOffers({ userId: other }, me, state('moderator', 'moderator'))).toEqual({
      roles: [],
      handOver: false,
      restrict: false,
      deleteTheirs: false,
    });
  });
  it('is no role for a guest, whom nobody can give one, and all else', () => {
    const guest = { userId: other, guest: true as const };
    expect(personOffers(guest, me, state('owner'))).toEqual({
      roles: [],
      handOver: false,
      restrict: true,
      deleteTheirs: true,
    });
    expect(offers(message(other, { fromGuest: true }), state('moderator'))).toContain('timeout');
  });
  it('is nothing on oneself, and nothing for members', () => {
    for (const offered of [
      personOffers({ userId: me }, me, state('owner')),
      personOffers({ userId: other }, me, state('member')),
    ])
      expect(Object.values(offered).flat().some(Boolean)).toBe(false);
  });
});

describe('taking a room over', () => {
  it('is for admins of the site who do not own it', () => {
    expect(mayTakeOver({ role: 'admin' }, state('member'))).toBe(true);
    expect(mayTakeOver({ role: 'admin' }, state('owner'))).toBe(false);
    expect(mayTakeOver({ role: 'user' }, state('moderator'))).toBe(false);
  });
});
