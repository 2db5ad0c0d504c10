import { describe, expect, it } from 'vitest';
import { testMessage, testMessages } from '../../timeline/test-messages.js';
import { isAtEnd, maxTimelineMessages } from '../../timeline/timeline.js';
import { emptyThread, withArrived } from './thread.js';
import { keyOf, keyOfRoute, parseKey, peerOf } from './thread-key.js';

it('files a direct message under the other one, whoever wrote it', () => {
  const sent = testMessage(1, { op: 2, fromUserId: 7, toUserId: 3, toUserName: 'bo' });
  const got = testMessage(2, { op: 2, fromUserId: 3, fromUserName: 'bo', toUserId: 7 });
  expect([keyOf(sent, 7), keyOf(got, 7), keyOf(testMessage(3), 7)]).toEqual(['user:3', 'user:3', 'room:1']);
  expect(peerOf(sent, 7)).toEqual({ userId: 3, userName: 'bo' });
  expect(peerOf(got, 7)).toEqual({ userId: 3, userName: 'bo' });
});

it('reads keys', () => {
  expect(parseKey('user:12')).toEqual({ kind: 'user', id: 12 });
  expect(keyOfRoute({ page: 'room', roomId: 4 })).toBe('room:4');
  expect(keyOfRoute({ page: 'login' })).toBeUndefined();
});

describe('a message that arrives', () => {
  const reading = { me: 7, isAway: false };
  const scrolledUp = { me: 7, isAway: true };
  const full = {
    ...emptyThread,
    timeline: {
      ...emptyThread.timeline,
      messages: testMessages(1, maxTimelineMessages),
      coveredTo: maxTimelineMessages,
      head: maxTimelineMessages,
    },
  };
  const next = testMessage(maxTimelineMessages + 1);

  it('is no news to who is reading, or waits for the page to show anything', () => {
    expect(withArrived(emptyThread, testMessage(1), reading).unreadAfter).toBeUndefined();
  });

  it('draws the line for who is not, once, and never for an own message', () => {
    const first = withArrived(emptyThread, testMessage(1), scrolledUp);
    expect(first.unreadAfter).toBe(0);
    expect(withArrived(first, testMessage(2), scrolledUp).unreadAfter).toBe(0);
    expect(
      withArrived(emptyThread, testMessage(1, { fromUserId: 7 }), scrolledUp).unreadAfter,
    ).toBeUndefined();
  });

  it('pushes the oldest out at the bound', () => {
    const { messages } = withArrived(full, next, reading).timeline;
    expect(messages[0]).not.toBe(full.timeline.messages[0]);
    expect(messages.at(-1)).toBe(next);
  });

  it('moves nothing under a reader who scrolled up, and is not forgotten', () => {
    const { timeline } = withArrived(full, next, scrolledUp);
    expect(timeline.messages).toBe(full.timeline.messages);
    expect(timeline.head).toBe(next.seq);
    expect(isAtEnd(timeline)).toBe(false);
  });
});
