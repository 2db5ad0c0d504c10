import type { RoomState } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { plainRoom } from '../room-state.fixture.js';
import { testMessage, testPage } from '../../timeline/test-messages.js';
import { emptyTimeline, withLatestPage, withLive, withSends } from '../../timeline/timeline.js';
import { lastSentAt, silenceOf } from './silence.js';

const silence = (state: Partial<RoomState>, lastSentMs?: number, nowMs = 1_000) =>
  silenceOf({ ...plainRoom, ...state }, lastSentMs, nowMs);

describe('who may write', () => {
  it('is everybody in a room of which nothing is said, and in a conversation', () => {
    expect(silence({})).toBeUndefined();
    expect(silenceOf(undefined, undefined, 0)).toBeUndefined();
  });

  it.each([
    ['members', 'guest', 'member'],
    ['speakers', 'member', 'speaker'],
    ['hosts', 'speaker', 'moderator'],
  ] as const)('%s: not a %s, but a %s', (mode, below, least) => {
    expect(silence({ mode, role: below })).toEqual({ reason: mode });
    expect(silence({ mode, role: least })).toBeUndefined();
  });

  it('is nobody in a closed room, and not who is stopped, whatever his role', () => {
    expect(silence({ mode: 'closed', role: 'owner' })).toEqual({ reason: 'closed' });
    expect(silence({ mutedUntil: 1_001, role: 'speaker', mode: 'closed' })).toEqual({
      reason: 'muted',
      until: 1_001,
    });
    expect(silence({ mutedUntil: 1_000 })).toBeUndefined();
  });

  it('is hosts before a room opens and after it closes', () => {
    expect(silence({ opensAt: 1_001 })).toEqual({ reason: 'notYet', until: 1_001 });
    expect(silence({ opensAt: 1_000 })).toBeUndefined();
    expect(silence({ closesAt: 1_000 })).toEqual({ reason: 'over' });
    expect(silence({ closesAt: 1_001 })).toBeUndefined();
    expect(silence({ opensAt: 1_001, role: 'moderator' })).toBeUndefined();
  });

  it('is everybody once in so many seconds in slow mode, and staff at any time', () => {
    expect(silence({ slowModeWaitTime: 5 }, 900)).toEqual({ reason: 'slow', until: 5_900 });
    expect(silence({ slowModeWaitTime: 5 }, 900, 5_900)).toBeUndefined();
    expect(silence({ slowModeWaitTime: 5 })).toBeUndefined();
    expect(silence({ slowModeWaitTime: 5, role: 'speaker' }, 900)).toBeUndefined();
  });
});

describe('when somebody has written last', () => {
  const page = withLatestPage(emptyTimeline, testPage(1, 3), 7);

  it('is when his newest message was sent', () => {
    expect(lastSentAt(page, 7)).toBeUndefined();
    const own = testMessage(4, { fromUserId: 7, sentAt: 99 });
    expect(lastSentAt(withLive(withLive(page, own, 7), testMessage(5), 7), 7)).toBe(99);
  });

  it('is what is on its way, and nothing that was refused', () => {
    const send = { clientMsgId: 'a', text: 'a', createdAtMs: 50 };
    expect(lastSentAt(withSends(page, [{ ...send, status: 'pending' }], 7), 7)).toBe(50);
    expect(lastSentAt(withSends(page, [{ ...send, status: 'failed' }], 7), 7)).toBeUndefined();
  });
});
